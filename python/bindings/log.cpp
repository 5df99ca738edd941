#include "lungrt/log.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <memory>
#include <optional>
#include <utility>

#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

/// Calls the Python function. Exceptions that it raises are reported as unraisable, except
/// KeyboardInterrupt: Ctrl-C is meant for the run, which checks for it between batches.
void call(const py::function& callback, LogLevel level, const char* message) {
  const py::gil_scoped_acquire gil;
  try {
    callback(static_cast<int>(level), message);
  } catch (py::error_already_set& error) {
    if (error.matches(PyExc_KeyboardInterrupt)) {
      PyErr_SetInterrupt();
    } else {
      error.discard_as_unraisable("the log callback of lungrt");
    }
  }
}

using Callback = py::typing::Callable<py::object(py::int_, py::str)>;

void set_callback(std::optional<Callback> callback, int lowest) {
  LogCallback forward;
  if (callback) {
    // The last copy may be destroyed on a thread that does not hold the GIL.
    const std::shared_ptr<py::function> held(new py::function(*std::move(callback)),
                                             [](py::function* function) {
                                               const py::gil_scoped_acquire gil;
                                               delete function;
                                             });
    forward = [held](LogLevel level, const char* message) { call(*held, level, message); };
  }
  const py::gil_scoped_release release;  // it waits for calls that need the GIL
  set_log_callback(std::move(forward), static_cast<LogLevel>(lowest));
}

}  // namespace

void register_log(py::module_& module) {
  module.def("set_log_callback", &set_callback, py::arg("callback"), py::arg("lowest") = 1,
             R"(Set the function that receives the library's log messages.

`lungrt.log` connects it to `logging`.

Parameters
----------
callback
    Called with level and message; None silences the library. Levels are 0 (debug), 1 (info) and
    2 (warning).
lowest
    Lowest level of the messages that are produced.
)");
  py::module_::import("lungrt.log").attr("connect")(module.attr("set_log_callback"));
}

}  // namespace lungrt::python
