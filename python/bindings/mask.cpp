#include "lungrt/mask.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "casters.h"
#include "lungrt/error.h"
#include "pickle.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

NoduleMask from_array(const py::array& voxels) {
  const bool boolean = voxels.dtype().kind() == 'b';
  const bool bytes_given = voxels.dtype().kind() == 'u' && voxels.itemsize() == 1;
  if (voxels.ndim() != 3 || !(boolean || bytes_given)) {
    throw Error(ErrorCode::kInvalidArgument,
                "a mask must be a bool or uint8 array (slices, rows, columns), not " +
                    py::str("{} of shape {}")
                        .format(voxels.dtype(), voxels.attr("shape"))
                        .cast<std::string>());
  }
  const py::array bytes = boolean ? contiguous<bool>(voxels) : contiguous<std::uint8_t>(voxels);
  const VolumeShape shape{voxels.shape(0), voxels.shape(1), voxels.shape(2)};
  const py::gil_scoped_release release;
  return NoduleMask::from_bytes(static_cast<const std::uint8_t*>(bytes.data()), shape);
}

py::array_t<bool> to_array(const NoduleMask& mask) {
  py::array_t<bool> voxels(extents(mask.shape()));
  static_assert(sizeof(bool) == 1);
  auto* bytes = reinterpret_cast<std::uint8_t*>(voxels.mutable_data());
  const py::gil_scoped_release release;
  mask.to_bytes(bytes);
  return voxels;
}

}  // namespace

void register_mask(py::module_& module) {
  py::class_<NoduleMask>(module, "NoduleMask", R"(Binary volume with one bit per voxel.

``numpy.asarray(mask)`` returns a bool array (slices, rows, columns). Functions that take a mask
accept such an array as well.

Parameters
----------
voxels
    bool or uint8 array (slices, rows, columns); voxels that are not zero are set.

Raises
------
lungrt.errors.InvalidArgument
    For another type, another number of axes or an axis of size 0.
)")
      .def(py::init(&from_array), py::arg("voxels"))
      .def_property_readonly("shape", &NoduleMask::shape, "(slices, rows, columns).")
      .def("count", &NoduleMask::count, "Number of voxels that are set.")
      .def(pickled<NoduleMask>())
      .def(
          "__array__",
          [](const NoduleMask& self, const py::object& dtype, const py::object& copy) -> py::array {
            if (copy.is(py::bool_(false))) {
              throw py::value_error("a NoduleMask stores bits, so its array is always a copy");
            }
            py::array voxels = to_array(self);
            return dtype.is_none() ? voxels : py::array(voxels.attr("astype")(dtype));
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def(
          "__eq__",
          [](const NoduleMask& self, const py::object& other) {
            if (!py::isinstance<NoduleMask>(other)) return false;
            const auto& mask = other.cast<const NoduleMask&>();
            if (!(self.shape() == mask.shape())) return false;
            for (std::int64_t slice = 0; slice < self.shape().slices; ++slice) {
              const auto words = self.shape().rows * self.words_per_row();
              const std::uint64_t* bits = self.row(slice, 0);
              if (!std::equal(bits, bits + words, mask.row(slice, 0))) return false;
            }
            return true;
          },
          py::arg("other"))
      .def("__repr__", [](const NoduleMask& self) {
        return py::str("NoduleMask(shape={}, count={})").format(self.shape(), self.count());
      });
  py::implicitly_convertible<py::array, NoduleMask>();

  module.def(
      "erode", &erode, py::arg("mask"), py::call_guard<py::gil_scoped_release>(),
      "The mask eroded once with the 6-neighbour cross; voxels outside count as background.");
  module.def(
      "label",
      [](const NoduleMask& mask) -> py::typing::Tuple<py::array_t<std::int32_t>, py::int_> {
        LabelVolume components;
        {
          const py::gil_scoped_release release;
          components = label(mask);
        }
        const std::int32_t count = components.count;
        return py::make_tuple(take(std::move(components.labels), extents(components.shape)), count);
      },
      py::arg("mask"),
      R"(Label the 6-connected components of a mask, numbered in array order of their first voxel.

Returns
-------
labels
    int32 array (slices, rows, columns); 0 is background.
count
    Number of components; labels are 1..count.
)");
}

}  // namespace lungrt::python
