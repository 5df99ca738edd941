/// Options of the TorchScript engine.
#pragma once

#include "backend/engine_table.h"

namespace lungrt::torchscript {

/// Memory layout of weights and, following from it, of activations on a CUDA device.
enum class MemoryFormat { kAuto, kContiguous, kChannelsLast };

struct Options {
  bool rewritten = true;  ///< whether the graph is rewritten for speed
  MemoryFormat memory_format = MemoryFormat::kAuto;
};

/// \throws Failure kLungrtInvalidOption for an unknown option or value, or one that the requested
///         device does not have
Options read_options(const LungrtSessionRequest& request);

}  // namespace lungrt::torchscript
