#include "lungrt/process.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "lungrt/device.h"
#include "lungrt/engines.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

void register_process(py::module_& module) {
  py::class_<EngineInfo>(module, "EngineInfo", "An inference engine, present or not.")
      .def_readonly("name", &EngineInfo::name, "As Pipeline(engine=...) takes it.")
      .def_readonly("artifact_format", &EngineInfo::artifact_format,
                    "Of the bundle's artifacts that it runs.")
      .def_readonly("available", &EngineInfo::available)
      .def_readonly("version", &EngineInfo::version, "Of the runtime behind it.")
      .def_readonly("library", &EngineInfo::library, "Path of the engine's library, or empty.")
      .def_readonly("reason", &EngineInfo::reason, "Why it is not available.")
      .def_readonly("devices", &EngineInfo::devices, "Such as cpu, cuda:0 (NVIDIA H100).")
      .def_readonly("precisions", &EngineInfo::precisions,
                    "What Pipeline(precision=...) may be, by device: cpu, cuda:0.")
      .def("__repr__", [](const EngineInfo& self) {
        return py::str("EngineInfo(name={!r}, available={}, version={!r}, reason={!r})")
            .format(self.name, self.available, self.version, self.reason);
      });
  module.def("engines", &engines, py::call_guard<py::gil_scoped_release>(),
             "Every engine this build knows; loads them to find out.");
  module.def("set_engine_runtime_folder", &set_engine_runtime_folder, py::arg("engine"),
             py::arg("folder"),
             "Folder that holds the libraries of an engine's runtime, for one not loaded yet.");
  module.def("set_engine_library_folder", &set_engine_library_folder, py::arg("engine"),
             py::arg("folder"), py::arg("how_to_get") = "",
             "One more folder that may hold an engine's own library, and how else to get it.");
  module.def("tune_allocator", &tune_process_allocator,
             R"(Keep freed memory in this process instead of handing it back at every step.

A setting of the whole process: the command line makes it, an application may.

Returns
-------
bool
    Whether the C library took the settings.
)");
  module.def("available_threads", &available_threads,
             "Number of processors this process may run on.");
}

}  // namespace lungrt::python
