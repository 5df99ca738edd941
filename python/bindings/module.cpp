#include <pybind11/pybind11.h>

#include "lungrt/version.h"
#include "register.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ library lungrt: volumes, masks, reports and the pipeline.";
  module.attr("__version__") = LUNGRT_VERSION;
  lungrt::python::register_errors();
  lungrt::python::register_geometry(module);
  lungrt::python::register_volume(module);
  lungrt::python::register_mask(module);
  lungrt::python::register_report(module);
  lungrt::python::register_io(module);
  lungrt::python::register_pipeline(module);
  lungrt::python::register_stage_network(module);
  lungrt::python::register_bundle(module);
  lungrt::python::register_layers(module);
  lungrt::python::register_process(module);
  lungrt::python::register_log(module);
}
