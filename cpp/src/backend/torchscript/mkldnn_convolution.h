/// oneDNN's convolutions in torch, with the fused operations that torch's public functions lack.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace lungrt::torchscript::mkldnn_convolution {

struct Geometry {
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
  std::vector<std::int64_t> dilation;
};

/// Whether this torch was built with oneDNN and has the functions called below, with the expected
/// number of arguments.
bool is_available();

/// Computes convolution(x, weight, bias), followed by a ReLU if `relu`.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const Geometry& geometry, bool relu);

/// Adds convolution(x, weight) to `sum` in place, followed by a ReLU if `relu`.
void add_convolution(at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight,
                     const Geometry& geometry, bool relu);

}  // namespace lungrt::torchscript::mkldnn_convolution
