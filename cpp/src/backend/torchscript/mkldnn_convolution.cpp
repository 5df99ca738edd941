#include "backend/torchscript/mkldnn_convolution.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace lungrt::torchscript::mkldnn_convolution {
namespace {

using c10::IValue;

constexpr const char* kAlone = "mkldnn::_convolution_pointwise";
constexpr const char* kInPlace = "mkldnn::_convolution_pointwise_";
constexpr std::int64_t kGroups = 1;

std::optional<c10::OperatorHandle> find(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchema({name, overload});
}

/// Calls a function by its schema and not by a C++ type, since it is not part of torch's API.
at::Tensor call(const char* name, const char* overload, std::vector<IValue> stack) {
  find(name, overload).value().callBoxed(&stack);
  return std::move(stack.front()).toTensor();
}

c10::List<std::optional<at::Scalar>> no_scalars() { return c10::List<std::optional<at::Scalar>>(); }

}  // namespace

bool is_available() {
  const auto takes = [](const char* name, const char* overload, std::size_t arguments) {
    const auto function = find(name, overload);
    return function && function->schema().arguments().size() == arguments;
  };
  return takes(kAlone, "", 10) && takes(kInPlace, "binary", 13);
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const Geometry& geometry, bool relu) {
  return call(kAlone, "",
              {x, weight, bias, geometry.padding, geometry.stride, geometry.dilation, kGroups,
               std::string(relu ? "relu" : "none"), no_scalars(), IValue()});
}

void add_convolution(at::Tensor& sum, const at::Tensor& x, const at::Tensor& weight,
                     const Geometry& geometry, bool relu) {
  const IValue after = relu ? IValue(std::string("relu")) : IValue();
  call(kInPlace, "binary",
       {sum, x, weight, IValue(), geometry.padding, geometry.stride, geometry.dilation, kGroups,
        std::string("add"), IValue(), after, no_scalars(), IValue()});
}

}  // namespace lungrt::torchscript::mkldnn_convolution
