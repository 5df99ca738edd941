#include "lungrt/series.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "casters.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

void register_series(py::module_& module) {
  py::class_<SliceHeader>(module, "SliceHeader", R"(What a reader knows of one slice.

Parameters
----------
name
    File name, for messages.
series_uid, modality
    (0020,000E), (0008,0060).
localizer
    Whether the image type (0008,0008) holds LOCALIZER.
position_mm
    (0020,0032): (x, y, z).
orientation
    (0020,0037): row then column cosines.
pixel_spacing_mm
    (0028,0030): between rows, between columns.
rows, columns
    (0028,0010), (0028,0011).
)")
      .def(py::init([](std::string name, std::string series_uid, std::string modality,
                       bool localizer, const std::array<double, 3>& position_mm,
                       const std::array<double, 6>& orientation,
                       const std::array<double, 2>& pixel_spacing_mm, std::int64_t rows,
                       std::int64_t columns) {
             SliceHeader header;
             header.name = std::move(name);
             header.series_uid = std::move(series_uid);
             header.modality = std::move(modality);
             header.localizer = localizer;
             header.position_mm = position_mm;
             header.orientation = orientation;
             header.pixel_spacing_mm = pixel_spacing_mm;
             header.rows = rows;
             header.columns = columns;
             return header;
           }),
           py::kw_only(), py::arg("name"), py::arg("series_uid"), py::arg("modality"),
           py::arg("localizer"), py::arg("position_mm"), py::arg("orientation"),
           py::arg("pixel_spacing_mm"), py::arg("rows"), py::arg("columns"));

  py::class_<SliceBlend>(module, "SliceBlend",
                         "Output slice = (1 - weight) * input[lower] + weight * input[upper].")
      .def_readonly("lower", &SliceBlend::lower)
      .def_readonly("upper", &SliceBlend::upper)
      .def_readonly("weight", &SliceBlend::weight);

  py::class_<SeriesLayout>(module, "SeriesLayout", "A regular volume made of slices.")
      .def_readonly("series_uid", &SeriesLayout::series_uid)
      .def_readonly("shape", &SeriesLayout::shape)
      .def_readonly("geometry", &SeriesLayout::geometry)
      .def_readonly("slices", &SeriesLayout::slices, "One SliceBlend an output slice.")
      .def_readonly("resampled", &SeriesLayout::resampled)
      .def_readonly("notes", &SeriesLayout::notes);

  module.def("plan_series", &plan_series, py::arg("headers"), py::kw_only(),
             py::arg("resample") = false,
             R"(Order slices along their normal and check that they make one regular volume.

Parameters
----------
headers
    SliceHeader of every slice, in any order.
resample
    Interpolate irregular or missing slices onto a regular grid (and drop repeated positions)
    instead of refusing them; the layout's notes say what was done.

Raises
------
lungrt.errors.BadVolume
    For slices that make no regular CT volume; the message names them.
)");
}

}  // namespace lungrt::python
