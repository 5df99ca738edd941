#include <pybind11/pybind11.h>

#include <cstring>
#include <exception>

#include "lungrt/error.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

void register_errors() {
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      // Names of codes are names of classes; a code without a class raises AttributeError here.
      const py::object type = py::module_::import("lungrt.errors").attr(to_string(error.code()));
      // File names may contain bytes that are not UTF-8; surrogateescape preserves them.
      const auto message = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
          error.what(), static_cast<Py_ssize_t>(std::strlen(error.what())), "surrogateescape"));
      if (!message) throw py::error_already_set();
      PyErr_SetObject(type.ptr(), message.ptr());
    }
  });
}

}  // namespace lungrt::python
