/// One function for each group of bound classes. module.cpp calls them in this order, because
/// signatures name only classes that are already bound.
#pragma once

#include <pybind11/pybind11.h>

namespace lungrt::python {

void register_errors();
void register_geometry(pybind11::module_& module);
void register_volume(pybind11::module_& module);
void register_mask(pybind11::module_& module);
void register_report(pybind11::module_& module);
void register_io(pybind11::module_& module);
void register_pipeline(pybind11::module_& module);
void register_stage_network(pybind11::module_& module);
void register_bundle(pybind11::module_& module);
void register_layers(pybind11::module_& module);
void register_process(pybind11::module_& module);
void register_log(pybind11::module_& module);

}  // namespace lungrt::python
