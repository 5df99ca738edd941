/// A traced module and how it is run.
#pragma once

#include <torch/script.h>

#include "backend/engine_library.h"
#include "backend/torch_common/run_allocator.h"

namespace lungrt::torchscript {

/// Immutable after construction; run() may be called from many threads.
class Session final : public LungrtSession {
 public:
  /// \param rewritten  whether what is slow on a CPU is rewritten there
  /// \throws c10::Error where the file is no TorchScript module for this torch
  Session(const LungrtSessionRequest& request, bool rewritten);

  LungrtSessionTraits traits() const override;
  void run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const override;

 private:
  torch_common::IdleMemory idle_memory_;
  c10::Device device_;
  LungrtPrecision precision_;
  int run_streams_;  ///< runs at once
  int threads_;      ///< of each
  bool slices_;      ///< slices with context (else crops)
  torch::jit::Module module_;
};

}  // namespace lungrt::torchscript
