#include "lungrt/process.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <vector>

#include "lungrt/device.h"
#include "lungrt/engines.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

void register_process(py::module_& module) {
  py::class_<EngineInfo>(module, "EngineInfo", "An inference engine, available or not.")
      .def_readonly("name", &EngineInfo::name, "Name for Pipeline(engine=...).")
      .def_readonly("artifact_format", &EngineInfo::artifact_format,
                    "Format of the bundle's artifacts that the engine runs.")
      .def_readonly("available", &EngineInfo::available,
                    "Whether the engine can be used on this machine.")
      .def_readonly("version", &EngineInfo::version, "Version of the engine's runtime.")
      .def_readonly("library", &EngineInfo::library,
                    "Path of the engine's library; empty if it was not found.")
      .def_readonly("reason", &EngineInfo::reason,
                    "Why the engine is not available; empty if it is.")
      .def_readonly("devices", &EngineInfo::devices,
                    "Devices such as cpu (avx2) or cuda:0 (NVIDIA H100).")
      .def_readonly("precisions", &EngineInfo::precisions,
                    "Supported values of Pipeline(precision=...), by device: cpu, cuda:0.")
      .def("__repr__", [](const EngineInfo& self) {
        return py::str("EngineInfo(name={!r}, available={}, version={!r}, reason={!r})")
            .format(self.name, self.available, self.version, self.reason);
      });
  module.def("engines", &engines, py::call_guard<py::gil_scoped_release>(),
             "List every engine that this build knows, available or not. Loads them to find out.");
  module.def(
      "engines_json", [](const std::vector<EngineInfo>& engines) { return to_json(engines); },
      py::arg("engines"), "A list of engines as JSON text: an object with every field of each.");
  module.def("set_engine_runtime_folder", &set_engine_runtime_folder, py::arg("engine"),
             py::arg("folder"),
             "Set the folder of an engine's runtime libraries, before the engine is loaded.");
  module.def(
      "set_engine_library_folder", &set_engine_library_folder, py::arg("engine"), py::arg("folder"),
      py::arg("how_to_get") = "",
      "Add a folder that may hold an engine's own library; how_to_get is advice for the error "
      "if no folder has it.");
  module.def("tune_allocator", &tune_process_allocator,
             R"(Keep freed memory in this process instead of returning it after every step.

A setting of the whole process: the command line applies it, an application may.

Returns
-------
bool
    Whether the C library accepted the settings.
)");
  module.def("available_threads", &available_threads,
             "Number of processors that this process may run on.");
}

}  // namespace lungrt::python
