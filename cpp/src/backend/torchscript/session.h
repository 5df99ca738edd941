/// Session of a traced module.
#pragma once

#include <torch/script.h>

#include "backend/engine_library.h"
#include "backend/torch_common/run_allocator.h"
#include "backend/torchscript/options.h"

namespace lungrt::torchscript {

/// Immutable after construction; run() may be called from many threads.
class Session final : public LungrtSession {
 public:
  /// \throws c10::Error where the file is not a TorchScript module for this torch
  Session(const LungrtSessionRequest& request, const Options& options);

  LungrtSessionTraits traits() const override;
  void run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const override;

 private:
  void compute(const LungrtTensor& input, const LungrtTensor& output) const;

  torch_common::IdleMemory idle_memory_;
  c10::Device device_;
  LungrtPrecision precision_;
  int run_streams_;
  int threads_;  ///< of each run stream
  bool slices_;  ///< input are slices with context, else crops
  torch::jit::Module module_;
};

}  // namespace lungrt::torchscript
