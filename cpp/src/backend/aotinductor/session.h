/// Session of a network that AOTInductor compiled.
#pragma once

#include "backend/aotinductor/package_pool.h"
#include "backend/engine_library.h"
#include "backend/torch_common/run_allocator.h"

namespace lungrt::aotinductor {

/// Immutable after construction; run() may be called from many threads.
///
/// Compiled code does not check its input: shape, layout and the machine it was compiled for are
/// recorded beside it, and the core compares them with its own before it calls run().
class Session final : public LungrtSession {
 public:
  /// \throws std::runtime_error, c10::Error where the file is not a package for this torch
  explicit Session(const LungrtSessionRequest& request);

  LungrtSessionTraits traits() const override;
  void run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const override;

 private:
  torch_common::IdleMemory idle_memory_;
  int run_streams_;
  int threads_;  ///< of each run stream
  BorrowedPackage package_;
};

}  // namespace lungrt::aotinductor
