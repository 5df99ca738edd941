#include "lungrt/geometry.h"

#include <pybind11/pybind11.h>
#include <pybind11/typing.h>

#include <array>

#include "casters.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

constexpr Matrix3 kIdentity{{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}}};

bool equal(const Geometry& a, const Geometry& b) {
  return a.origin_mm() == b.origin_mm() && a.spacing_mm() == b.spacing_mm() &&
         a.direction() == b.direction();
}

}  // namespace

void register_geometry(py::module_& module) {
  py::class_<Geometry>(module, "Geometry", R"(Affine map between voxel indices and world positions.

World positions are (x, y, z) in mm, LPS (towards the patient's left, posterior, superior); voxel
positions are (slice, row, column).

Parameters
----------
origin_mm
    World position (x, y, z) of voxel (0, 0, 0).
spacing_mm
    Distance between voxel centres along (columns, rows, slices), that is in x, y, z order.
direction
    Rows of an orthonormal 3x3 matrix; column j is the world direction of image axis j (columns,
    rows, slices).

Raises
------
lungrt.errors.BadVolume
    If the origin is more than 1e9 mm from zero, a spacing is not within 1e-6 to 1e6 mm, a value is
    not finite, or the direction is not orthonormal.
)")
      .def(py::init<const Vec3&, const Vec3&, const Matrix3&>(),
           py::arg("origin_mm") = Vec3{0.0, 0.0, 0.0}, py::arg("spacing_mm") = Vec3{1.0, 1.0, 1.0},
           py::arg("direction") = kIdentity)
      .def_property_readonly("origin_mm", &Geometry::origin_mm,
                             "World position (x, y, z) of voxel (0, 0, 0).")
      .def_property_readonly("spacing_mm", &Geometry::spacing_mm,
                             "Distance between voxel centres along (columns, rows, slices).")
      .def_property_readonly("direction", &Geometry::direction,
                             "Rows of the 3x3 matrix; column j is the direction of image axis j.")
      .def_property_readonly("voxel_volume_mm3", &Geometry::voxel_volume_mm3,
                             "Volume of a voxel: the product of the spacings.")
      .def("to_world",
           py::overload_cast<const std::array<double, 3>&>(&Geometry::to_world, py::const_),
           py::arg("slice_row_column"),
           "World position (x, y, z) in mm of a possibly fractional voxel position.")
      .def("to_index", &Geometry::to_index, py::arg("world_mm"),
           py::arg("inverse") = InverseTransform::kExact,
           R"(Nearest voxel (slice, row, column) to a world position; halves round to even.

Parameters
----------
world_mm
    World position (x, y, z) in mm.
inverse
    ``"exact"`` for the inverse of `to_world`, or ``"book"`` for the book's formula, which is the
    inverse only if direction @ direction is the identity.

Returns
-------
tuple of int
    (slice, row, column), which may lie outside the volume.

Raises
------
lungrt.errors.InvalidArgument
    If the position is not finite or more than 2**53 voxels away.
)")
      .def(
          "__eq__",
          [](const Geometry& self, const py::object& other) {
            return py::isinstance<Geometry>(other) && equal(self, other.cast<const Geometry&>());
          },
          py::arg("other"))
      // Copied and pickled by their constructor's arguments.
      .def("__reduce__",
           [](const py::object& self) -> py::typing::Tuple<py::object, py::ellipsis> {
             return py::make_tuple(py::type::of(self),
                                   py::make_tuple(self.attr("origin_mm"), self.attr("spacing_mm"),
                                                  self.attr("direction")));
           })
      .def("__repr__", [](const Geometry& self) {
        return py::str("Geometry(origin_mm={}, spacing_mm={}, direction={})")
            .format(self.origin_mm(), self.spacing_mm(), self.direction());
      });
}

}  // namespace lungrt::python
