/// Options of a session: `--engine-option NAME=VALUE` of the command line.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <string>

#include "backend/engine_table.h"

namespace lungrt::onnxruntime {

struct Options {
  std::string provider;  ///< cpu, cuda, tensorrt, openvino; by default that of the device
  bool arena = true;     ///< keep the memory of activations between runs
  GraphOptimizationLevel graph = ORT_ENABLE_ALL;
  std::string cudnn_search;  ///< heuristic, exhaustive, default
  bool cuda_graph = false;   ///< replay a run's kernels as one graph; one run at a time
  LungrtPrecision precision = kLungrtFp32;
};

/// Reads the options of a request.
/// \throws Failure kLungrtInvalidOption for an unknown name or value (the message lists the known
///         ones), and for a provider that does not support the requested precision
Options parse_options(const LungrtSessionRequest& request);

}  // namespace lungrt::onnxruntime
