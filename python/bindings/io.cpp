#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>
#include <pybind11/typing.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "io/dicom/codec.h"
#include "io/dicom/decoded.h"
#include "io/dicom/series_folder.h"
#include "io/dicom/series_text.h"
#include "io/images/read_image.h"
#include "io/masks.h"
#include "io/read_ct.h"
#include "io/utf8.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

/// Decoded values of one of several types.
template <typename... Types>
std::vector<std::int64_t> values_of(const io::DicomSlice& slice, const py::array& values) {
  std::optional<std::vector<std::int64_t>> result;
  const auto as = [&]<typename T>(T) {
    if (result || !py::isinstance<py::array_t<T>>(values)) return;
    const py::array dense = contiguous<T>(values);
    const auto* begin = static_cast<const T*>(dense.data());
    result.emplace(begin, begin + dense.size());
  };
  (as(Types{}), ...);
  if (result) return *std::move(result);
  io::refuse_undecodable(slice, "values of type " + py::str(values.dtype()).cast<std::string>() +
                                    " are not those of a CT");
}

/// Decoder that is a Python function, which the reader's threads call.
class PythonCodec final : public io::Codec {
 public:
  explicit PythonCodec(py::function decode) : decode_(std::move(decode)) {}

  std::vector<std::int64_t> decode(const io::DicomSlice& slice, std::string file,
                                   std::int64_t pixels) const override {
    const py::gil_scoped_acquire gil;
    const py::array values = decode_(io::place_of(slice), py::bytes(file));
    if (values.size() != pixels) {
      io::refuse_undecodable(slice, "they have " + std::to_string(values.size()) +
                                        " values, expected " + std::to_string(pixels));
    }
    return values_of<std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int8_t,
                     std::uint8_t>(slice, values);
  }

 private:
  py::function decode_;
};

/// Lets Ctrl-C end the reading: the exception passes through the reader's threads.
bool check_signals() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  return false;
}

using Decode = py::typing::Callable<py::array(std::string, py::bytes)>;

CtVolume read_ct(const std::filesystem::path& path, const Decode& decode,
                 const std::optional<std::string>& series, bool resample) {
  const PythonCodec codec(decode);
  ReadOptions options;
  options.series = series;
  options.resample = resample;
  options.cancelled = check_signals;
  const auto read = [&] {
    const py::gil_scoped_release release;
    return io::read_ct(path, options, codec);
  };
  CtVolume volume = read();
  check_signals();  // those that came after this thread's last file
  return volume;
}

std::vector<SeriesInfo> list_series(const std::filesystem::path& path, bool below) {
  ReadOptions options;
  options.cancelled = check_signals;
  const py::gil_scoped_release release;
  return io::list_series(path, options, below);
}

}  // namespace

void register_io(py::module_& module) {
  py::class_<SeriesPartInfo>(module, "SeriesPartInfo",
                             "Slices of a series that belong together, and must not be mixed with "
                             "others.")
      .def_readonly("name", &SeriesPartInfo::name, "What chooses it: ``UID:PART``.")
      .def_readonly("slices", &SeriesPartInfo::slices)
      .def_readonly("kernel", &SeriesPartInfo::kernel, "Empty if it is unknown or varies.")
      .def_readonly("acquisition", &SeriesPartInfo::acquisition)
      .def_readonly("phase", &SeriesPartInfo::phase)
      .def_property_readonly(
          "shape",
          [](const SeriesPartInfo& part) {
            return std::make_tuple(part.shape.slices, part.shape.rows, part.shape.columns);
          },
          "(slices, rows, columns) of the volume; zeros if there is a problem.")
      .def_readonly("spacing_mm", &SeriesPartInfo::spacing_mm,
                    "(x, y, z) of the voxels; zeros if there is a problem.")
      .def_readonly("problem", &SeriesPartInfo::problem,
                    "Why the slices are no regular volume; empty if they are one.")
      .def("__str__", py::overload_cast<const SeriesPartInfo&>(&io::line))
      .def("__repr__",
           [](const SeriesPartInfo& part) { return "SeriesPartInfo(" + io::line(part) + ")"; });

  py::class_<SeriesInfo>(module, "SeriesInfo", "One series of a DICOM folder.")
      .def_readonly("uid", &SeriesInfo::uid)
      .def_readonly("modality", &SeriesInfo::modality)
      .def_readonly("description", &SeriesInfo::description)
      .def_readonly("slices", &SeriesInfo::slices, "Number of images.")
      .def_readonly("number", &SeriesInfo::number, "Series number.")
      .def_readonly("patient_id", &SeriesInfo::patient_id)
      .def_readonly("parts", &SeriesInfo::parts, "Empty if no image is a slice of a CT.")
      .def_readonly("notes", &SeriesInfo::notes, "What is left out or assumed.")
      .def_readonly("problem", &SeriesInfo::problem,
                    "Why the series has no parts; empty if it has.")
      .def("__str__", py::overload_cast<const SeriesInfo&>(&io::line))
      .def("__repr__", [](const SeriesInfo& info) { return "SeriesInfo(" + io::line(info) + ")"; });

  module.def(
      "printable", [](const py::bytes& text) { return io::printable_lines(std::string(text)); },
      py::arg("text"),
      "Text in UTF-8 as it can be shown on a terminal: control characters are written as \\x1b.");
  module.def("image_suffixes", &io::image_suffixes,
             "Suffixes of the image files that can be read.");
  module.def("list_series", &list_series, py::arg("path"), py::kw_only(), py::arg("below") = true,
             R"(List the series of a DICOM folder, sorted by UID; see lungrt.list_series.

Parameters
----------
path
    Folder with the DICOM files, a file in it, or a DICOMDIR.
below
    Whether to search the folders in it as well.

Returns
-------
list of SeriesInfo
    The series that were found.
)");
  module.def("read_ct", &read_ct, py::arg("path"), py::arg("decode"), py::kw_only(),
             py::arg("series") = py::none(), py::arg("resample") = false,
             R"(Read a CT from a DICOM folder or an image file; see lungrt.read_ct.

Parameters
----------
path
    Folder with the slices, or an image file.
decode
    Function that takes the name of a slice, for messages, and a DICOM file of that slice alone, and
    returns the stored values of its pixels. Several threads call it at the same time, for
    compressed slices.
series
    UID of the series to read, or UID:PART, needed if several can be a volume.
resample
    Resample irregular, missing or repeated slices, or a tilted gantry, to a regular volume.

Returns
-------
CtVolume
    int16 Hounsfield units (slices, rows, columns).
)");
  module.def("make_mask_folder", &io::make_mask_folder, py::arg("folder"),
             py::call_guard<py::gil_scoped_release>(),
             "Create the folder for masks, and check that files can be written to it.");
  module.def("write_masks", &io::write_masks, py::arg("folder"), py::arg("report"),
             py::arg("file_format"), py::call_guard<py::gil_scoped_release>(),
             "Write the masks of a run as images in the CT's geometry; see lungrt.write_masks.");
}

}  // namespace lungrt::python
