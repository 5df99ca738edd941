#include <pybind11/pybind11.h>

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
      // The codes are spelled as the classes are; a code without a class is an AttributeError here.
      const py::object type = py::module_::import("lungrt.errors").attr(to_string(error.code()));
      py::set_error(type, error.what());
    }
  });
}

}  // namespace lungrt::python
