#include "lungrt/layers.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

using Arrays = py::typing::Dict<py::str, py::array_t<float>>;

Arrays layer_outputs_of(const std::string& bundle, const std::string& stage,
                        const py::array_t<float, py::array::c_style>& values,
                        const std::map<std::string, std::string>& engine_options, int member) {
  const std::vector<std::int64_t> shape(values.shape(), values.shape() + values.ndim());
  std::map<std::string, LayerOutput> layers;
  {
    const py::gil_scoped_release release;
    layers = layer_outputs(bundle, stage, values.data(), shape, engine_options, member);
  }
  Arrays result;
  for (auto& [name, layer] : layers) {
    result[py::str(name)] = take(std::move(layer.values), {layer.shape.begin(), layer.shape.end()});
  }
  return result;
}

}  // namespace

void register_layers(py::module_& module) {
  module.def("layer_outputs", &layer_outputs_of, py::arg("bundle"), py::arg("stage"),
             py::arg("values").noconvert(), py::kw_only(),
             py::arg("engine_options") = std::map<std::string, std::string>{},
             py::arg("member") = 0, "Outputs of a network's layers; see lungrt.layer_outputs.");
}

}  // namespace lungrt::python
