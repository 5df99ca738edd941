#include "lungrt/volume.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <cstdint>
#include <filesystem>
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

template <typename T>
CtVolume convert(const py::array& voxels, const VolumeShape& shape, const Geometry& geometry,
                 const std::string& series_uid) {
  const py::array values = contiguous<T>(voxels);
  const py::gil_scoped_release release;
  return CtVolume::converted(static_cast<const T*>(values.data()), shape, geometry, series_uid);
}

CtVolume from_array(const py::array& hu, const Geometry& geometry, const std::string& series_uid) {
  if (hu.ndim() != 3) {
    throw Error(ErrorCode::kBadVolume,
                "a CT has three axes (slice, row, column), but this array has shape " +
                    py::str(hu.attr("shape")).cast<std::string>());
  }
  const VolumeShape shape{hu.shape(0), hu.shape(1), hu.shape(2)};
  const char kind = hu.dtype().kind();
  const py::ssize_t bytes = hu.itemsize();
  if ((kind == 'i' && bytes <= 2) || (kind == 'u' && bytes == 1)) {
    py::array values = contiguous<std::int16_t>(hu);
    const auto* data = static_cast<const std::int16_t*>(values.data());
    return {data, shape, geometry, keep_alive(std::move(values)), series_uid};
  }
  if (kind == 'i' && bytes == 4) return convert<std::int32_t>(hu, shape, geometry, series_uid);
  if (kind == 'i' && bytes == 8) return convert<std::int64_t>(hu, shape, geometry, series_uid);
  if (kind == 'u' && bytes == 2) return convert<std::uint16_t>(hu, shape, geometry, series_uid);
  if (kind == 'u' && bytes == 4) return convert<std::uint32_t>(hu, shape, geometry, series_uid);
  if (kind == 'f' && bytes <= 4) return convert<float>(hu, shape, geometry, series_uid);
  // Every uint64 that fits int16 is exact as a double; all others remain beyond int16.
  if ((kind == 'f' || kind == 'u') && bytes == 8) {
    return convert<double>(hu, shape, geometry, series_uid);
  }
  throw Error(ErrorCode::kBadVolume,
              "voxels of type " + py::str(static_cast<py::object>(hu.dtype())).cast<std::string>() +
                  " are not Hounsfield units; expected integers, float16, float32 or float64");
}

}  // namespace

void register_volume(py::module_& module) {
  py::class_<SliceSource>(module, "SliceSource",
                          "DICOM slice that a volume was made of, as it was when it was read.")
      .def_property_readonly(
          // A name need not be valid text.
          "path", [](const SliceSource& self) { return std::filesystem::path(self.path); },
          "File that holds it.")
      .def_readonly("instance_uid", &SliceSource::instance_uid, "SOP instance UID; may be empty.")
      .def_readonly("frame", &SliceSource::frame,
                    "Frame in a multi-frame file, from 1; 0 for a file of one slice.")
      .def_readonly("bytes", &SliceSource::bytes, "Size of the file.")
      .def_readonly("modified_ns", &SliceSource::modified_ns,
                    "Time of the file's last modification, in ns since 1970.")
      .def(
          "__eq__",
          [](const SliceSource& self, const py::object& other) {
            return py::isinstance<SliceSource>(other) && self == other.cast<const SliceSource&>();
          },
          py::arg("other"))
      .def(pickled<SliceSource>())
      .def("__repr__", [](const SliceSource& self) {
        return py::str("SliceSource(path={!r}, instance_uid={!r}, frame={})")
            .format(std::filesystem::path(self.path), self.instance_uid, self.frame);
      });

  py::class_<CtVolume>(module, "CtVolume",
                       R"(Immutable CT volume: Hounsfield units and their geometry.

Parameters
----------
hu
    Array (slices, rows, columns). Native, C-ordered int16 is not copied, so leave it unchanged
    while the volume exists. Other types are converted to int16; fractions are rounded half to even,
    and a note says how many voxels were.
geometry
    Where the voxels lie in the patient.
series_uid
    DICOM series instance UID, for the report.
notes
    How the voxels were changed before (for example by resampling), for the report.

Raises
------
lungrt.errors.BadVolume
    For another number of axes, an axis of size 0, NaN, infinity, or a value beyond int16.
)")
      .def(py::init([](const py::array& hu, const Geometry& geometry, const std::string& series_uid,
                       const std::vector<std::string>& notes) {
             CtVolume volume = from_array(hu, geometry, series_uid);
             if (notes.empty()) return volume;
             std::vector<std::string> all = notes;
             all.insert(all.end(), volume.notes().begin(), volume.notes().end());
             return volume.with_notes(std::move(all));
           }),
           py::arg("hu"), py::arg("geometry"), py::kw_only(), py::arg("series_uid") = "",
           py::arg("notes") = std::vector<std::string>())
      .def_property_readonly(
          "hu",
          [](const py::object& self) {
            const auto& volume = self.cast<const CtVolume&>();
            return read_only_view(volume.data(), volume.shape(), self);
          },
          "Read-only int16 array (slices, rows, columns) that shares the volume's memory.")
      .def_property_readonly("shape", &CtVolume::shape, "(slices, rows, columns).")
      .def_property_readonly("geometry", &CtVolume::geometry,
                             "Where the voxels lie in the patient.")
      .def_property_readonly("series_uid", &CtVolume::series_uid,
                             "DICOM series instance UID; may be empty.")
      .def_property_readonly("notes", &CtVolume::notes,
                             "How the voxels were changed (rounding, resampling).")
      .def_property_readonly("sources", &CtVolume::sources,
                             "The DICOM slices that the volume was made of, in the order of its "
                             "slices; empty for a volume from an image file or an array. There is "
                             "one for each slice, unless the volume is interpolated.")
      .def_property_readonly("is_interpolated", &CtVolume::is_interpolated,
                             "Whether voxels were interpolated between those of the sources "
                             "(``resample=True``), so that its slices are not theirs.")
      .def(pickled<CtVolume>())
      .def("__repr__", [](const CtVolume& self) {
        const py::str uid = self.series_uid().empty()
                                ? py::str("")
                                : py::str(", series_uid={!r}").format(self.series_uid());
        return py::str("CtVolume(shape={}, spacing_mm={}{})")
            .format(self.shape(), self.geometry().spacing_mm(), uid);
      });
}

}  // namespace lungrt::python
