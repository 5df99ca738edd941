#include "lungrt/report.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include "arrays.h"
#include "casters.h"
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
  py::class_<Candidate>(module, "Candidate", R"(A place that the segmentation proposes.

Parameters
----------
index
    Voxel (slice, row, column): what is classified and reported.
center_mm
    World position (x, y, z) of `index`.
volume_mm3
    Estimate of the lesion: the component dilated back by the eroding cross.
diameter_mm
    Of the sphere of that volume.
)")
      .def(py::init([](const VoxelIndex& index, const Vec3& center_mm, double volume_mm3,
                       double diameter_mm) {
             return Candidate{index, center_mm, volume_mm3, diameter_mm, {}, {}};
           }),
           py::arg("index"), py::arg("center_mm"), py::arg("volume_mm3") = 0.0,
           py::arg("diameter_mm") = 0.0)
      .def_readonly("index", &Candidate::index, "Voxel (slice, row, column).")
      .def_readonly("center_mm", &Candidate::center_mm, "World position (x, y, z) of `index`.")
      .def_readonly("volume_mm3", &Candidate::volume_mm3, "Estimate of the lesion.")
      .def_readonly("diameter_mm", &Candidate::diameter_mm, "Of the sphere of that volume.")
      .def_readonly("box", &Candidate::box,
                    "First and last voxel (slice, row, column) of the box around the estimate.")
      .def_readonly("extent_mm", &Candidate::extent_mm,
                    "Of the box, along the image's columns, rows and slices (x, y, z).")
      .def("__repr__", [](const Candidate& self) {
        return py::str(
                   "Candidate(index={}, center_mm=({:.1f}, {:.1f}, {:.1f}), diameter_mm={:.1f})")
            .format(self.index, self.center_mm[0], self.center_mm[1], self.center_mm[2],
                    self.diameter_mm);
      });

  py::class_<Finding, Candidate>(module, "Finding", "A candidate with the classifiers' opinion.")
      .def_readonly("p_nodule", &Finding::p_nodule, "Probability that it is a nodule.")
      .def_readonly("p_malignant", &Finding::p_malignant,
                    "Given it is a nodule; None without that stage or below the nodule threshold.")
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
                              "A finding above the threshold, or several of one lesion.")
      .def_readonly("marks", &Nodule::marks,
                    "Positions in `Report.candidates` of its marks. Place and p_nodule are the "
                    "most likely mark's, p_malignant the highest, volume and box those of all.");

  py::class_<LungFieldSummary>(module, "LungFieldSummary", "How large the lungs are.")
      .def_readonly("air_ml", &LungFieldSummary::air_ml, "Aerated lung.")
      .def_readonly("field_ml", &LungFieldSummary::field_ml,
                    "The field that candidates are kept in.");

  py::class_<RunMasks, std::shared_ptr<RunMasks>>(module, "RunMasks",
                                                  "What a run saw, voxel by voxel.")
      .def_readonly("lung_field", &RunMasks::lung_field,
                    "Where candidates are kept; all of the volume where the region is.")
      .def_readonly("mask", &RunMasks::mask,
                    "Above the segmentation's threshold, where that was computed.")
      .def_readonly("nodules", &RunMasks::nodules,
                    "The components of all candidates, after erosion.")
      .def_property_readonly(
          "labels",
          [](const py::object& self) {
            const LabelVolume& labels = self.cast<const RunMasks&>().labels;
            return read_only_view(labels.labels.data(), labels.shape, self);
          },
          "int32 array (slices, rows, columns): k for the candidate at position k - 1, else 0.");

  py::class_<ProfileOptions>(module, "ProfileOptions", "The options of a profile.")
      .def_readonly("profile", &ProfileOptions::profile, "Name of the preset: book or lung.")
      .def_readonly("geometry", &ProfileOptions::geometry, "Inverse transform: book or exact.")
      .def_readonly("region", &ProfileOptions::region,
                    "Where nodules are looked for: volume or lung.")
      .def_readonly("merge_marks", &ProfileOptions::merge_marks,
                    "Whether nearby marks of one lesion become one nodule.")
      .def_readonly("pad_small_volumes", &ProfileOptions::pad_small_volumes,
                    "Whether a volume smaller than a crop is padded with air.")
      .def_property_readonly(
          "precision", [](const ProfileOptions& self) { return to_string(self.precision); },
          "Of the networks: fp32, tf32, bf16, fp16 or int8.")
      .def_readonly("segmentation_threshold", &ProfileOptions::segmentation_threshold,
                    "A voxel is in the mask where its probability exceeds this.")
      .def_readonly("nodule_threshold", &ProfileOptions::nodule_threshold,
                    "A candidate is a nodule where p_nodule exceeds this.")
      .def_readonly("malignancy_threshold", &ProfileOptions::malignancy_threshold,
                    "A nodule is called malignant where p_malignant exceeds this.")
      .def("__repr__", [](const ProfileOptions& self) {
        return py::str(
                   "ProfileOptions(profile={!r}, geometry={!r}, region={!r}, merge_marks={}, "
                   "precision={!r}, segmentation_threshold={}, nodule_threshold={}, "
                   "malignancy_threshold={})")
            .format(self.profile, self.geometry, self.region, self.merge_marks,
                    to_string(self.precision), self.segmentation_threshold, self.nodule_threshold,
                    self.malignancy_threshold);
      });

  py::class_<Provenance>(module, "Provenance", "Where every number came from.")
      .def_readonly("lungrt_version", &Provenance::lungrt_version, "Of the core.")
      .def_readonly("bundle_sha256", &Provenance::bundle_sha256,
                    "Of manifest.json, which holds every artifact's.")
      .def_readonly("checkpoint_sha256", &Provenance::checkpoint_sha256,
                    "By stage, one a member of its ensemble.")
      .def_readonly("engine_version", &Provenance::engine_version,
                    "Of the engine and the runtime behind it.")
      .def_readonly("device_name", &Provenance::device_name, "As its maker calls it.")
      .def_readonly("threads", &Provenance::threads, "CPU threads of the run.")
      .def_readonly("notes", &Provenance::notes,
                    "Rounding, resampling, a lung field that was widened.");

  py::class_<Report>(module, "Report", "Result of Pipeline.run; lungrt.Report adds to it.")
      .def(py::init<const Report&>(), py::arg("report"))
      .def_readonly("series_uid", &Report::series_uid)
      .def_readonly("shape", &Report::shape, "(slices, rows, columns).")
      .def_readonly("geometry", &Report::geometry)
      .def_readonly("options", &Report::options)
      .def_readonly("engine", &Report::engine)
      .def_readonly("device", &Report::device)
      .def_readonly("mask_voxels", &Report::mask_voxels, "Voxels of the mask after erosion.")
      .def_readonly("nodules", &Report::nodules,
                    "Findings with p_nodule above the threshold, most likely first.")
      .def_readonly("lung_field", &Report::lung_field,
                    "Size of the lungs; None where the region is the whole volume.")
      .def_property_readonly(
          "masks", [](const Report& self) { return std::const_pointer_cast<RunMasks>(self.masks); },
          "RunMasks where they were asked for, else None.")
      .def_readonly("candidates", &Report::candidates, "All findings, in pipeline order.")
      .def_readonly("timings_s", &Report::timings_s,
                    "Seconds: find_lungs, segment, group, classify, total.")
      .def_readonly("provenance", &Report::provenance)
      .def("to_json", &to_json, py::arg("with_candidates") = true,
           "The report as JSON text; without candidates only the nodules are listed.");
}

}  // namespace lungrt::python
