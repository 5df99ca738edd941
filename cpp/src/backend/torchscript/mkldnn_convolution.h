/// Convolutions of oneDNN as torch has them, with what its public functions leave out.
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

/// Whether this torch was built with oneDNN and has the functions below, with as many arguments.
bool is_available();

/// convolution(x, weight, bias), or its ReLU.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const Geometry& geometry, bool relu);

/// Adds convolution(x, weight) to sum, in place; then its ReLU.
void add_convolution(at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight,
                     const Geometry& geometry, bool relu);

}  // namespace lungrt::torchscript::mkldnn_convolution
