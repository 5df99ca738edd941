#include "lungrt/log.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <utility>

#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

/// Calls the Python function; what it raises is shown as unraisable, but for Ctrl-C, which arrived
/// while it ran and is meant for the run: that is asked for it between batches.
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

void set_callback(std::optional<py::function> callback, int lowest) {
  LogCallback tell;
  if (callback) {
    // The last copy may go on a thread that does not hold the GIL.
    const std::shared_ptr<py::function> held(new py::function(*std::move(callback)),
                                             [](py::function* function) {
                                               const py::gil_scoped_acquire gil;
                                               delete function;
                                             });
    tell = [held](LogLevel level, const char* message) { call(*held, level, message); };
  }
  const py::gil_scoped_release release;  // it waits for calls that want the GIL
  set_log_callback(std::move(tell), static_cast<LogLevel>(lowest));
}

}  // namespace

void register_log(py::module_& module) {
  module.def("set_log_callback", &set_callback, py::arg("callback"), py::arg("lowest") = 1,
             R"(Hand messages of the library to a function (level, message), or to none.

Levels are 0 (debug), 1 (info) and 2 (warning). `lungrt.log` connects it to `logging`.
)");
  py::module_::import("lungrt.log").attr("connect")(module.attr("set_log_callback"));
}

}  // namespace lungrt::python
