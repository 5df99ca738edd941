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

py::array_t<float> run(const StageNetwork& network, const py::array& given) {
  // No silent conversion: a float64 array was probably not scaled for the network.
  if (given.dtype().kind() != 'f' || given.itemsize() != 4) {
    throw Error(ErrorCode::kInvalidArgument,
                "a network needs a float32 array, not " +
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
                           "Network of one stage; base class of lungrt.StageNetwork.")
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
           R"(Shape of the output of `run` for an input of this shape.

Raises
------
lungrt.errors.InvalidArgument
    If the stage does not accept such an input; the message says what it accepts.
)")
      .def("run", &run, py::arg("values"), R"(Compute the probabilities of any number of items.

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
    For another type or shape; the message says what the stage accepts.
)");
}

}  // namespace lungrt::python
