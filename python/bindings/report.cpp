#include "lungrt/report.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "arrays.h"
#include "casters.h"
#include "pickle.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

/// A float with a fixed number of decimals, or "None".
py::str decimals(const py::object& number, const char* format) {
  return number.is_none() ? py::str("None") : py::str(format).format(number);
}

}  // namespace

void register_report(py::module_& module) {
  module.attr("report_format_version") = kReportFormatVersion;
  py::class_<Candidate>(module, "Candidate", R"(A location that the segmentation proposes.

Parameters
----------
index
    Rounded centre (slice, row, column): the voxel that is classified and reported.
center_mm
    World position (x, y, z; LPS) of `index`.
volume_mm3
    Estimated volume of the lesion: the eroded component, dilated again with the same cross.
diameter_mm
    Diameter of the sphere of that volume.
)")
      .def(py::init([](const VoxelIndex& index, const Vec3& center_mm, double volume_mm3,
                       double diameter_mm) {
             return Candidate{index, center_mm, volume_mm3, diameter_mm, {}, {}};
           }),
           py::arg("index"), py::arg("center_mm"), py::arg("volume_mm3") = 0.0,
           py::arg("diameter_mm") = 0.0)
      .def_readonly("index", &Candidate::index, "Rounded centre (slice, row, column).")
      .def_readonly("center_mm", &Candidate::center_mm, "World position (x, y, z; LPS) of `index`.")
      .def_readonly("volume_mm3", &Candidate::volume_mm3, "Estimated volume of the lesion.")
      .def_readonly("diameter_mm", &Candidate::diameter_mm,
                    "Diameter of the sphere of that volume.")
      .def_readonly("box", &Candidate::box,
                    "First and last voxel (slice, row, column) of the estimated lesion's box.")
      .def_readonly("extent_mm", &Candidate::extent_mm,
                    "Size of the box along the image's columns, rows and slices (x, y, z).")
      .def(pickled<Candidate>())
      .def("__repr__", [](const Candidate& self) {
        return py::str(
                   "Candidate(index={}, center_mm=({:.1f}, {:.1f}, {:.1f}), diameter_mm={:.1f})")
            .format(self.index, self.center_mm[0], self.center_mm[1], self.center_mm[2],
                    self.diameter_mm);
      });

  py::class_<Finding, Candidate>(module, "Finding",
                                 "A candidate with the probabilities that the classifiers give it.")
      .def_readonly("p_nodule", &Finding::p_nodule, "Probability that it is a nodule.")
      .def_readonly("p_malignant", &Finding::p_malignant,
                    "Probability of malignancy, given that it is a nodule. None if the bundle does "
                    "not classify malignancy, or p_nodule is not above the threshold.")
      .def(pickled<Finding>())
      .def("__repr__", [](const py::object& self) {
        const auto& finding = self.cast<const Finding&>();
        return py::str(
                   "Finding(index={}, center_mm=({:.1f}, {:.1f}, {:.1f}), diameter_mm={:.1f}, "
                   "p_nodule={:.3f}, p_malignant={})")
            .format(finding.index, finding.center_mm[0], finding.center_mm[1], finding.center_mm[2],
                    finding.diameter_mm, finding.p_nodule,
                    decimals(self.attr("p_malignant"), "{:.3f}"));
      });

  py::class_<Nodule, Finding>(module, "Nodule",
                              "A finding above the threshold, or several findings of one lesion.")
      .def(pickled<Nodule>())
      .def_readonly("marks", &Nodule::marks,
                    "Positions of its marks in `Report.candidates`. Location and p_nodule are "
                    "those of the most likely mark, p_malignant is the highest of all marks, "
                    "volume and box cover all of them.");

  py::class_<LungFieldSummary>(module, "LungFieldSummary", "Size of the lungs.")
      .def(pickled<LungFieldSummary>())
      .def_readonly("air_ml", &LungFieldSummary::air_ml, "Volume of aerated lung.")
      .def_readonly("field_ml", &LungFieldSummary::field_ml,
                    "Volume of the lung field, in which candidates are kept.");

  py::class_<RunMasks, std::shared_ptr<RunMasks>>(module, "RunMasks", "Masks of a run.")
      .def(pickled<RunMasks>())
      .def_readonly("lung_field", &RunMasks::lung_field,
                    "The lung field; the whole volume if that was the region.")
      .def_readonly("mask", &RunMasks::mask,
                    "Voxels above the segmentation's threshold, where it was computed.")
      .def_readonly("nodules", &RunMasks::nodules,
                    "The components of all candidates, after erosion.")
      .def_property_readonly(
          "labels",
          [](const py::object& self) {
            const LabelVolume& labels = self.cast<const RunMasks&>().labels;
            return read_only_view(labels.labels.data(), labels.shape, self);
          },
          "int32 array (slices, rows, columns): k for the candidate at position k - 1, else 0.");

  py::class_<ProfileOptions>(module, "ProfileOptions", "Options of a profile.")
      .def(pickled<ProfileOptions>())
      .def_readonly("profile", &ProfileOptions::profile, "Name of the preset: book or lung.")
      .def_readonly("geometry", &ProfileOptions::geometry,
                    "How world positions are mapped to voxels: book or exact.")
      .def_readonly("region", &ProfileOptions::region, "Where to look for nodules: volume or lung.")
      .def_readonly("merge_marks", &ProfileOptions::merge_marks,
                    "Whether nearby marks of one lesion become one nodule.")
      .def_readonly("voxel_order", &ProfileOptions::voxel_order,
                    "Order of axes that the networks see: patient (columns to the left, rows to "
                    "posterior, slices to the head) or stored.")
      .def_readonly("pad_small_volumes", &ProfileOptions::pad_small_volumes,
                    "Whether a volume that is smaller than a crop is padded with air; otherwise "
                    "it is an error.")
      .def_property_readonly(
          "precision", [](const ProfileOptions& self) { return to_string(self.precision); },
          "Precision of the networks: fp32, tf32, bf16, fp16 or int8.")
      .def_readonly("segmentation_threshold", &ProfileOptions::segmentation_threshold,
                    "A voxel is in the mask where its probability exceeds this.")
      .def_readonly("nodule_threshold", &ProfileOptions::nodule_threshold,
                    "A candidate is a nodule where p_nodule exceeds this.")
      .def_readonly("malignancy_threshold", &ProfileOptions::malignancy_threshold,
                    "A nodule is called malignant where p_malignant exceeds this.")
      .def("__repr__", [](const ProfileOptions& self) {
        return py::
            str("ProfileOptions(profile={!r}, geometry={!r}, region={!r}, merge_marks={}, "
                "voxel_order={!r}, precision={!r}, segmentation_threshold={}, nodule_threshold={}, "
                "malignancy_threshold={})")
                .format(self.profile, self.geometry, self.region, self.merge_marks,
                        self.voxel_order, to_string(self.precision), self.segmentation_threshold,
                        self.nodule_threshold, self.malignancy_threshold);
      });

  py::class_<Provenance>(module, "Provenance",
                         "Versions, settings and hashes that the numbers of a report come from.")
      .def(pickled<Provenance>())
      .def_readonly("lungrt_version", &Provenance::lungrt_version, "Version of the library.")
      .def_readonly("bundle_sha256", &Provenance::bundle_sha256,
                    "SHA-256 of manifest.json, which lists that of every artifact.")
      .def_readonly("checkpoint_sha256", &Provenance::checkpoint_sha256,
                    "SHA-256 of the checkpoints, by stage; one for each member of an ensemble.")
      .def_readonly("engine_version", &Provenance::engine_version,
                    "Version of the engine's runtime.")
      .def_readonly("device_name", &Provenance::device_name,
                    "Name of the device, as the engine reports it.")
      .def_readonly("threads", &Provenance::threads, "Number of CPU threads.")
      .def_readonly("notes", &Provenance::notes,
                    "Voxels that were rounded, resampled or brought into another order, a lung "
                    "field that was widened, work that the device was not used for.");

  py::class_<Report>(module, "Report", "Result of Pipeline.run; base class of lungrt.Report.")
      .def(py::init<const Report&>(), py::arg("report"))
      .def(pickled<Report>())
      .def_readonly("series_uid", &Report::series_uid, "DICOM series instance UID; may be empty.")
      .def_readonly("shape", &Report::shape, "Shape of the volume: (slices, rows, columns).")
      .def_readonly("geometry", &Report::geometry, "Geometry of the volume.")
      .def_readonly("options", &Report::options, "Options of the profile that was used.")
      .def_readonly("engine", &Report::engine, "Name of the engine that ran the networks.")
      .def_readonly("device", &Report::device, "Device that was used: cpu or cuda:N.")
      .def_readonly("mask_voxels", &Report::mask_voxels,
                    "Voxels of the mask after erosion, where it was computed.")
      .def_readonly("nodules", &Report::nodules,
                    "Findings with p_nodule above the threshold, most likely first.")
      .def_readonly("lung_field", &Report::lung_field,
                    "Size of the lungs; None if the region is the whole volume.")
      .def_property_readonly(
          "masks",
          [](const Report& self) -> std::optional<std::shared_ptr<RunMasks>> {
            if (!self.masks) return std::nullopt;
            return std::const_pointer_cast<RunMasks>(self.masks);
          },
          "RunMasks if the run kept its masks, else None.")
      .def_readonly("candidates", &Report::candidates,
                    "All candidates as findings, by unrounded world centre (x, y, z).")
      .def_readonly("timings_s", &Report::timings_s,
                    "Seconds by part of the run: find_lungs, segment, group, classify, total and, "
                    "if voxels were brought into another order, reorder; if the scan was copied to "
                    "a device, transfer.")
      .def_readonly("provenance", &Report::provenance, "Where the numbers come from.")
      .def("to_json", &to_json, py::arg("with_candidates") = true,
           "The report as JSON text, with every candidate or with the nodules only.")
      .def("to_csv", &to_csv, py::kw_only(), py::arg("candidates") = false,
           R"(Return CSV text with a line for each nodule, or for each candidate in pipeline order.

The first columns, ``seriesuid,coordX,coordY,coordZ,probability``, are those of LUNA16's
submissions (coordinates in mm, LPS; ``probability`` is ``p_nodule``). Then follow ``p_malignant``
(empty if not known), ``diameter_mm``, ``volume_mm3`` and the voxel ``slice``, ``row``, ``column``.

Parameters
----------
candidates
    Whether to list every candidate instead of the nodules.
)");
}

}  // namespace lungrt::python
