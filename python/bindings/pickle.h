/// Pickling and copying of values: volumes, masks and reports.
///
/// The state of an object is a tuple of its fields. A pickle from outside may hold anything, so the
/// fields are checked as those of constructors are.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/typing.h>

#include <memory>

#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt::python {

/// Tuple of an object's fields.
using State = pybind11::typing::Tuple<pybind11::object, pybind11::ellipsis>;

/// The fields of an object, of which `restored` makes an equal one.
/// \param self  a Python object that holds a T
/// \throws Error kInvalidArgument where a tuple is not the state of a T
template <typename T>
State state_of(const pybind11::object& self);
template <typename T>
T restored(const State& state);

/// What a class adds to its bindings so that its objects can be pickled and copied.
template <typename T>
auto pickled() {
  return pybind11::pickle(&state_of<T>, &restored<T>);
}

}  // namespace lungrt::python
