/// Tensors of torch over the caller's memory.
#pragma once

#include <ATen/core/Tensor.h>

#include "backend/engine_table.h"

namespace lungrt::torch_common {

/// Makes a tensor over the caller's memory, without copying.
at::Tensor wrap(const LungrtTensor& tensor);

/// Writes a network's result into the caller's memory.
/// \throws std::runtime_error where it has another shape or is not float32
void copy_result(const at::Tensor& result, const LungrtTensor& output);

}  // namespace lungrt::torch_common
