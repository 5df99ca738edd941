#include "lungrt/stage_network.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrays.h"
#include "lungrt/error.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

using EngineOptions = std::map<std::string, std::string>;

py::array run(const StageNetwork& network, const py::array& given) {
  // No silent conversion: a float64 array was probably not scaled as the network wants it.
  if (given.dtype().kind() != 'f' || given.itemsize() != 4) {
    throw Error(ErrorCode::kInvalidArgument,
                "a network takes a float32 array, this one is " +
                    py::str(static_cast<py::object>(given.dtype())).cast<std::string>());
  }
  const py::array values = contiguous<float>(given);
  const std::vector<std::int64_t> shape(values.shape(), values.shape() + values.ndim());
  py::array_t<float> output(network.output_shape(shape));
  float* probabilities = output.mutable_data();
  const py::gil_scoped_release release;
  network.run(static_cast<const float*>(values.data()), shape, probabilities);
  return output;
}

}  // namespace

void register_stage_network(py::module_& module) {
  py::class_<StageNetwork>(module, "StageNetwork",
                           "One stage's network alone; lungrt.StageNetwork adds to it.")
      .def(py::init([](const std::string& bundle, const std::string& stage,
                       const std::string& engine, const std::string& device,
                       const std::string& precision, int threads, bool verify_hashes,
                       const EngineOptions& engine_options, int member) {
             PipelineOptions options;
             options.engine = engine;
             options.device = device;
             options.precision = precision;
             options.threads = threads;
             options.verify_hashes = verify_hashes;
             options.engine_options = engine_options;
             const py::gil_scoped_release release;
             return std::make_unique<StageNetwork>(bundle, stage, options, member);
           }),
           py::arg("bundle"), py::arg("stage"), py::kw_only(), py::arg("engine") = "auto",
           py::arg("device") = "cpu", py::arg("precision") = "fp32", py::arg("threads") = 0,
           py::arg("verify_hashes") = true, py::arg("engine_options") = EngineOptions{},
           py::arg("member") = -1)
      .def("output_shape", &StageNetwork::output_shape, py::arg("input_shape"),
           R"(Shape that `run` gives for an input of this shape.

Raises
------
lungrt.errors.InvalidArgument
    Where the stage does not take such an input, with what it takes.
)")
      .def("run", &run, py::arg("values"), R"(Probabilities for any number of items.

Parameters
----------
values
    float32 array, scaled as the manifest's input contract says: (N, channels, height, width) for
    the segmentation, (N, 1, slices, rows, columns) for the classifiers.

Returns
-------
numpy.ndarray
    float32, of shape ``output_shape(values.shape)``.

Raises
------
lungrt.errors.InvalidArgument
    For another type or shape, with what the stage takes.
)");
}

}  // namespace lungrt::python
