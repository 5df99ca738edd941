/// What a session can be told: `--engine-option NAME=VALUE` of the command line.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <string>

#include "backend/engine_table.h"

namespace lungrt::onnxruntime {

struct Options {
  std::string provider;  ///< cpu, cuda, tensorrt, openvino; the device's own where none is named
  bool arena = true;     ///< keep activations between runs
  GraphOptimizationLevel graph = ORT_ENABLE_ALL;
  std::string cudnn_search;  ///< heuristic, exhaustive, default
  bool cuda_graph = false;   ///< replay a run's kernels as one graph; one run at a time
  LungrtPrecision precision = kLungrtFp32;
};

/// \throws Failure kLungrtInvalidOption for an unknown name or value, with those that there are,
/// and for a provider that does not compute in the precision that was asked for
Options parse_options(const LungrtSessionRequest& request);

}  // namespace lungrt::onnxruntime
