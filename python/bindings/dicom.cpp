#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.h"
#include "io/dicom/codec.h"
#include "io/dicom/decoded.h"
#include "io/dicom/series_folder.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

/// Converts decoded values of one of several types to Hounsfield units.
template <typename... Types>
io::Plane plane_of(const io::DicomSlice& slice, const py::array& values) {
  std::optional<io::Plane> plane;
  const auto as = [&]<typename T>(T) {
    if (plane || !py::isinstance<py::array_t<T>>(values)) return;
    const py::array dense = contiguous<T>(values);
    plane = io::as_plane(slice, static_cast<const T*>(dense.data()),
                         static_cast<std::size_t>(dense.size()));
  };
  (as(Types{}), ...);
  if (plane) return *std::move(plane);
  io::refuse_undecodable(slice, "values of type " + py::str(values.dtype()).cast<std::string>() +
                                    " are not Hounsfield units");
}

/// Codec implemented by a Python object, which the reader's threads call.
class PythonCodec final : public io::Codec {
 public:
  explicit PythonCodec(py::object object) : object_(std::move(object)) {}

  std::string inflate(io::ByteSource& source, std::uint64_t at, std::size_t most) const override {
    const std::string_view deflated =
        source.bytes(at, static_cast<std::size_t>(source.size() - at));
    const py::gil_scoped_acquire gil;
    try {
      return object_.attr("inflate")(py::bytes(deflated), most).cast<std::string>();
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ValueError)) throw;
      throw std::runtime_error(py::str(error.value()).cast<std::string>());
    }
  }

  io::Plane decode(const io::DicomSlice& slice, std::string /*content*/,
                   std::int64_t pixels) const override {
    const py::gil_scoped_acquire gil;
    const py::array values = object_.attr("decode")(slice.path);
    if (values.size() != pixels) {
      io::refuse_undecodable(slice, "they have " + std::to_string(values.size()) +
                                        " values, expected " + std::to_string(pixels));
    }
    return plane_of<std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int8_t,
                    std::uint8_t, float, double>(slice, values);
  }

 private:
  py::object object_;
};

/// Lets Ctrl-C end the reading: the exception passes through the reader's threads.
bool check_signals() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  return false;
}

CtVolume read_series(const std::filesystem::path& folder, const py::object& codec,
                     const std::optional<std::string>& series, bool resample) {
  const PythonCodec used(codec);
  ReadOptions options;
  options.series = series;
  options.resample = resample;
  options.cancelled = check_signals;
  const py::gil_scoped_release release;
  return io::read_series(folder, options, used);
}

std::vector<SeriesInfo> list_series(const std::filesystem::path& folder, const py::object& codec) {
  const PythonCodec used(codec);
  ReadOptions options;
  options.cancelled = check_signals;
  const py::gil_scoped_release release;
  return io::list_series(folder, options, used);
}

}  // namespace

void register_dicom(py::module_& module) {
  py::class_<SeriesInfo>(module, "SeriesInfo", "One series of a DICOM folder.")
      .def_readonly("uid", &SeriesInfo::uid)
      .def_readonly("modality", &SeriesInfo::modality)
      .def_readonly("description", &SeriesInfo::description)
      .def_readonly("slices", &SeriesInfo::slices)
      .def("__str__", &io::line)
      .def("__repr__", [](const SeriesInfo& info) { return "SeriesInfo(" + io::line(info) + ")"; });

  module.def("list_series", &list_series, py::arg("folder"), py::arg("codec"),
             R"(List the series of a DICOM folder, sorted by UID; see lungrt.list_series.

Parameters
----------
folder
    Folder with the DICOM files.
codec
    Codec of compressed files; see read_series.

Returns
-------
list of SeriesInfo
    The series that were found.
)");
  module.def("read_series", &read_series, py::arg("folder"), py::arg("codec"), py::kw_only(),
             py::arg("series") = py::none(), py::arg("resample") = false,
             R"(Read one series of a DICOM folder; see lungrt.read_ct.

Parameters
----------
folder
    Folder with the slices.
codec
    Codec of compressed files; several threads call it at the same time.
    ``inflate(deflated, most)`` inflates raw deflate data to at most so many bytes and raises
    ValueError for damaged data. ``decode(path)`` returns the pixels of a slice in Hounsfield units.
series
    UID of the series to read, needed if the folder holds several.
resample
    Resample irregular, missing or repeated slices to a regular volume.

Returns
-------
CtVolume
    int16 Hounsfield units (slices, rows, columns).
)");
}

}  // namespace lungrt::python
