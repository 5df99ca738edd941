/// A network that AOTInductor compiled, and how it is run.
#pragma once

#include "backend/aotinductor/package_pool.h"
#include "backend/engine_library.h"
#include "backend/torch_common/run_allocator.h"

namespace lungrt::aotinductor {

/// Immutable after construction; run() may be called from many threads.
///
/// Compiled code checks nothing about its input: shape, layout and the machine it was compiled for
/// are recorded beside it, and the core holds them against what it has before it calls run().
class Session final : public LungrtSession {
 public:
  /// \throws std::runtime_error, c10::Error where the file is no package for this torch
  explicit Session(const LungrtSessionRequest& request);

  LungrtSessionTraits traits() const override;
  void run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const override;

 private:
  torch_common::IdleMemory idle_memory_;
  int run_streams_;  ///< runs at once
  int threads_;      ///< of each
  BorrowedPackage package_;
};

}  // namespace lungrt::aotinductor
