/// Python types of the library's small values: positions and shapes are tuples, enumerations are
/// strings. Every file that binds such values includes this, so that all of them agree. The names
/// are those of the generated stub: what is accepted, then what is returned.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lungrt/error.h"
#include "lungrt/geometry.h"
#include "lungrt/mask.h"
#include "lungrt/report.h"

namespace lungrt::python {

/// Reads exactly N items from a sequence or array.
/// \return false if it is not such a sequence; the caller's TypeError then shows the signature
template <typename T, std::size_t N>
bool load_items(pybind11::handle source, bool convert, std::array<T, N>& items) {
  if (!source || PySequence_Check(source.ptr()) == 0 || PyUnicode_Check(source.ptr()) != 0 ||
      PyBytes_Check(source.ptr()) != 0) {
    return false;
  }
  const auto sequence =
      pybind11::reinterpret_steal<pybind11::object>(PySequence_Fast(source.ptr(), ""));
  if (!sequence) {
    PyErr_Clear();
    return false;
  }
  if (PySequence_Fast_GET_SIZE(sequence.ptr()) != static_cast<Py_ssize_t>(N)) return false;
  for (std::size_t i = 0; i < N; ++i) {
    pybind11::detail::make_caster<T> caster;
    if (!caster.load(PySequence_Fast_GET_ITEM(sequence.ptr(), static_cast<Py_ssize_t>(i)),
                     convert)) {
      return false;
    }
    items[i] = pybind11::detail::cast_op<T>(caster);
  }
  return true;
}

template <typename T, std::size_t N>
pybind11::handle to_tuple(const std::array<T, N>& items) {
  pybind11::tuple tuple(N);
  for (std::size_t i = 0; i < N; ++i) tuple[i] = pybind11::cast(items[i]);
  return tuple.release();
}

inline const char* to_string(InverseTransform inverse) {
  return inverse == InverseTransform::kBook ? "book" : "exact";
}

inline InverseTransform parse_inverse(const std::string& text) {
  if (text == "book") return InverseTransform::kBook;
  if (text == "exact") return InverseTransform::kExact;
  throw Error(ErrorCode::kInvalidArgument,
              "unknown inverse transform '" + text + "': expected book or exact");
}

inline const char* to_string(VoxelOrder order) {
  return order == VoxelOrder::kStored ? "stored" : "patient";
}

inline const char* to_string(Region region) {
  return region == Region::kVolume ? "volume" : "lung";
}

}  // namespace lungrt::python

namespace pybind11::detail {

template <std::size_t N>
struct type_caster<std::array<double, N>> {
  static_assert(N == 3, "the stub's name has three numbers");
  PYBIND11_TYPE_CASTER(PYBIND11_TYPE(std::array<double, N>),
                       io_name("numpy.typing.ArrayLike", "tuple[float, float, float]"));
  bool load(handle source, bool convert) {
    return lungrt::python::load_items(source, convert, value);
  }
  static handle cast(const std::array<double, N>& items, return_value_policy, handle) {
    return lungrt::python::to_tuple(items);
  }
};

template <>
struct type_caster<lungrt::Matrix3> {
  PYBIND11_TYPE_CASTER(lungrt::Matrix3,
                       io_name("numpy.typing.ArrayLike",
                               "tuple[tuple[float, float, float], tuple[float, float, float], "
                               "tuple[float, float, float]]"));
  bool load(handle source, bool convert) {
    return lungrt::python::load_items(source, convert, value);
  }
  static handle cast(const lungrt::Matrix3& rows, return_value_policy, handle) {
    return lungrt::python::to_tuple(rows);
  }
};

template <>
struct type_caster<lungrt::VoxelIndex> {
  PYBIND11_TYPE_CASTER(lungrt::VoxelIndex,
                       io_name("collections.abc.Sequence[int]", "tuple[int, int, int]"));
  bool load(handle source, bool convert) {
    std::array<std::int64_t, 3> items{};
    if (!lungrt::python::load_items(source, convert, items)) return false;
    value = {items[0], items[1], items[2]};
    return true;
  }
  static handle cast(const lungrt::VoxelIndex& index, return_value_policy, handle) {
    return make_tuple(index.slice, index.row, index.column).release();
  }
};

template <>
struct type_caster<lungrt::VolumeShape> {
  PYBIND11_TYPE_CASTER(lungrt::VolumeShape, const_name("tuple[int, int, int]"));
  bool load(handle source, bool convert) {
    std::array<std::int64_t, 3> items{};
    if (!lungrt::python::load_items(source, convert, items)) return false;
    value = {items[0], items[1], items[2]};
    return true;
  }
  static handle cast(const lungrt::VolumeShape& shape, return_value_policy, handle) {
    return make_tuple(shape.slices, shape.rows, shape.columns).release();
  }
};

template <>
struct type_caster<lungrt::VoxelBox> {
  PYBIND11_TYPE_CASTER(lungrt::VoxelBox,
                       const_name("tuple[tuple[int, int, int], tuple[int, int, int]]"));
  bool load(handle source, bool convert) {
    std::array<lungrt::VoxelIndex, 2> items{};
    if (!lungrt::python::load_items(source, convert, items)) return false;
    value = {items[0], items[1]};
    return true;
  }
  static handle cast(const lungrt::VoxelBox& box, return_value_policy, handle) {
    return make_tuple(box.first, box.last).release();
  }
};

/// A mask, or an array that pybind11 converts to one (mask.cpp).
template <>
struct type_caster<lungrt::NoduleMask> : type_caster_base<lungrt::NoduleMask> {
  static constexpr auto name = io_name(
      "lungrt._core.NoduleMask | numpy.typing.NDArray[numpy.bool_]", "lungrt._core.NoduleMask");
};

template <>
struct type_caster<lungrt::Region> {
  PYBIND11_TYPE_CASTER(lungrt::Region, const_name("str"));
  bool load(handle, bool) { return false; }  // is only returned to Python
  static handle cast(lungrt::Region region, return_value_policy, handle) {
    return str(lungrt::python::to_string(region)).release();
  }
};

template <>
struct type_caster<lungrt::VoxelOrder> {
  PYBIND11_TYPE_CASTER(lungrt::VoxelOrder, const_name("str"));
  bool load(handle, bool) { return false; }  // is only returned to Python
  static handle cast(lungrt::VoxelOrder order, return_value_policy, handle) {
    return str(lungrt::python::to_string(order)).release();
  }
};

template <>
struct type_caster<lungrt::InverseTransform> {
  PYBIND11_TYPE_CASTER(lungrt::InverseTransform, const_name("str"));
  bool load(handle source, bool convert) {
    make_caster<std::string> caster;
    if (!caster.load(source, convert)) return false;
    value = lungrt::python::parse_inverse(cast_op<std::string&>(caster));
    return true;
  }
  static handle cast(lungrt::InverseTransform inverse, return_value_policy, handle) {
    return str(lungrt::python::to_string(inverse)).release();
  }
};

}  // namespace pybind11::detail
