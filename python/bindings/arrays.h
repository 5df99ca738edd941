/// Conversion from and to NumPy arrays, without copies if the memory layout allows it.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "lungrt/geometry.h"

namespace lungrt::python {

/// Keeps a Python object alive from C++. The last copy may be destroyed on any thread.
inline std::shared_ptr<const void> keep_alive(pybind11::object object) {
  PyObject* raw = object.release().ptr();
  return {raw, [raw](const void*) {
            if (Py_IsInitialized() == 0) return;  // the interpreter has already freed it
            const pybind11::gil_scoped_acquire gil;
            Py_DECREF(raw);
          }};
}

/// The array with native, aligned, C-ordered elements of type T: the array itself if it has them,
/// else a converted copy.
template <typename T>
pybind11::array contiguous(const pybind11::array& array) {
  constexpr int kFlags = pybind11::array::c_style | pybind11::array::forcecast |
                         pybind11::detail::npy_api::NPY_ARRAY_ALIGNED_;
  auto result = pybind11::array_t<T, kFlags>::ensure(array);
  if (!result) throw pybind11::error_already_set();
  return result;
}

inline std::vector<pybind11::ssize_t> extents(const VolumeShape& shape) {
  return {static_cast<pybind11::ssize_t>(shape.slices), static_cast<pybind11::ssize_t>(shape.rows),
          static_cast<pybind11::ssize_t>(shape.columns)};
}

/// Read-only array that shares memory owned by `owner`.
template <typename T>
pybind11::array_t<T> read_only_view(const T* data, const VolumeShape& shape,
                                    pybind11::handle owner) {
  pybind11::array view(pybind11::dtype::of<T>(), extents(shape), data, owner);
  pybind11::detail::array_proxy(view.ptr())->flags &=
      ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return pybind11::reinterpret_borrow<pybind11::array_t<T>>(view);
}

/// Array that takes over the memory of a vector.
template <typename T>
pybind11::array_t<T> take(std::vector<T> values, std::vector<pybind11::ssize_t> shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const T* data = owned->data();
  const pybind11::capsule owner(
      owned.get(), [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
  static_cast<void>(owned.release());
  return pybind11::array_t<T>(std::move(shape), data, owner);
}

}  // namespace lungrt::python
