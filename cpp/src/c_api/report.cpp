/// C interface: content of reports.

#include "lungrt/report.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "c_api/handles.h"
#include "c_api/versioned_struct.h"
#include "lungrt/precision.h"

namespace {

using namespace lungrt;
using c_api::refuse;

const Report& report_of(const lungrt_report* report) {
  return c_api::handle(report, "report").report;
}

/// Item of a list, numbered from 0.
template <typename T>
const T& item(const std::vector<T>& items, std::size_t number, const char* what) {
  if (number >= items.size()) {
    refuse(std::string("there is no ") + what + " " + std::to_string(number) + ": the list has " +
           std::to_string(items.size()) + ", numbered from 0");
  }
  return items[number];
}

void write_index(const VoxelIndex& index, std::int64_t (&place)[3]) {
  place[0] = index.slice;
  place[1] = index.row;
  place[2] = index.column;
}

lungrt_finding finding_value(const Finding& finding) {
  lungrt_finding value{};
  std::copy(finding.center_mm.begin(), finding.center_mm.end(), value.center_mm);
  write_index(finding.index, value.index);
  write_index(finding.box.first, value.first);
  write_index(finding.box.last, value.last);
  std::copy(finding.extent_mm.begin(), finding.extent_mm.end(), value.extent_mm);
  value.volume_mm3 = finding.volume_mm3;
  value.diameter_mm = finding.diameter_mm;
  value.p_nodule = finding.p_nodule;
  value.has_p_malignant = finding.p_malignant.has_value() ? 1 : 0;
  value.p_malignant = finding.p_malignant.value_or(std::numeric_limits<double>::quiet_NaN());
  return value;
}

const RunMasks& masks_of(const Report& report) {
  if (!report.masks) {
    refuse("the report has no masks; set keep_masks in the options of the run");
  }
  return *report.masks;
}

/// Checks the size of the caller's buffer.
/// \param size  number of values that fit into it
/// \param what  name of the values, for the message
void require_all_voxels(const Report& report, std::size_t size, const char* what) {
  const auto expected = static_cast<std::size_t>(report.shape.voxels());
  if (size != expected) {
    refuse("the buffer has room for " + std::to_string(size) + " " + what + ", expected " +
           std::to_string(expected) + ", one per voxel");
  }
}

const NoduleMask& mask_called(const RunMasks& masks, std::int32_t which) {
  switch (which) {
    case LUNGRT_MASK_LUNG_FIELD:
      return masks.lung_field;
    case LUNGRT_MASK_ABOVE:
      return masks.mask;
    case LUNGRT_MASK_NODULES:
      return masks.nodules;
    default:
      refuse("there is no mask " + std::to_string(which) +
             ": expected LUNGRT_MASK_LUNG_FIELD, LUNGRT_MASK_ABOVE or LUNGRT_MASK_NODULES");
  }
}

}  // namespace

lungrt_status lungrt_report_summarise(const lungrt_report* report, lungrt_report_summary* summary) {
  return c_api::guarded(__func__, [&] {
    const Report& own = report_of(report);
    lungrt_report_summary value{};
    value.nodule_count = own.nodules.size();
    value.candidate_count = own.candidates.size();
    value.note_count = own.provenance.notes.size();
    value.shape[0] = own.shape.slices;
    value.shape[1] = own.shape.rows;
    value.shape[2] = own.shape.columns;
    value.mask_voxels = own.mask_voxels;
    value.has_lung_field = own.lung_field ? 1 : 0;
    value.has_masks = own.masks ? 1 : 0;
    value.air_ml = own.lung_field ? own.lung_field->air_ml : 0.0;
    value.field_ml = own.lung_field ? own.lung_field->field_ml : 0.0;
    c_api::write_struct(value, summary, "summary");
  });
}

lungrt_status lungrt_report_nodule(const lungrt_report* report, size_t number,
                                   lungrt_finding* nodule) {
  return c_api::guarded(__func__, [&] {
    const Nodule& own = item(report_of(report).nodules, number, "nodule");
    lungrt_finding value = finding_value(own);
    value.mark_count = own.marks.size();
    c_api::write_struct(value, nodule, "nodule");
  });
}

lungrt_status lungrt_report_candidate(const lungrt_report* report, size_t number,
                                      lungrt_finding* candidate) {
  return c_api::guarded(__func__, [&] {
    const Finding& own = item(report_of(report).candidates, number, "candidate");
    c_api::write_struct(finding_value(own), candidate, "candidate");
  });
}

lungrt_status lungrt_report_marks(const lungrt_report* report, size_t number, const int64_t** marks,
                                  size_t* count) {
  return c_api::guarded(__func__, [&] {
    c_api::required(marks, "marks");
    c_api::required(count, "count");
    const Nodule& own = item(report_of(report).nodules, number, "nodule");
    *marks = own.marks.data();
    *count = own.marks.size();
  });
}

lungrt_status lungrt_report_provenance(const lungrt_report* report, lungrt_provenance* provenance) {
  return c_api::guarded(__func__, [&] {
    const Report& own = report_of(report);
    const ProfileOptions& options = own.options;
    lungrt_provenance value{};
    value.lungrt_version = own.provenance.lungrt_version.c_str();
    value.bundle_sha256 = own.provenance.bundle_sha256.c_str();
    value.series_uid = own.series_uid.c_str();
    value.profile = options.profile.c_str();
    value.geometry = options.geometry == InverseTransform::kBook ? "book" : "exact";
    value.region = options.region == Region::kVolume ? "volume" : "lung";
    value.precision = to_string(options.precision);
    value.engine = own.engine.c_str();
    value.engine_version = own.provenance.engine_version.c_str();
    value.device = own.device.c_str();
    value.device_name = own.provenance.device_name.c_str();
    value.threads = own.provenance.threads;
    value.merge_marks = options.merge_marks ? 1 : 0;
    value.segmentation_threshold = options.segmentation_threshold;
    value.nodule_threshold = options.nodule_threshold;
    value.malignancy_threshold = options.malignancy_threshold;
    value.voxel_order = options.voxel_order == VoxelOrder::kStored ? "stored" : "patient";
    c_api::write_struct(value, provenance, "provenance");
  });
}

lungrt_status lungrt_report_checkpoint_sha256(const lungrt_report* report, const char* stage,
                                              size_t member, const char** sha256) {
  return c_api::guarded(__func__, [&] {
    c_api::required(sha256, "sha256");
    const auto& checkpoints = report_of(report).provenance.checkpoint_sha256;
    const auto found = checkpoints.find(c_api::required(stage, "stage"));
    if (found == checkpoints.end()) {
      refuse("the bundle has no stage '" + std::string(stage) +
             "': expected segmentation, nodule or malignancy");
    }
    *sha256 = item(found->second, member, "member").c_str();
  });
}

lungrt_status lungrt_report_note(const lungrt_report* report, size_t number, const char** note) {
  return c_api::guarded(__func__, [&] {
    c_api::required(note, "note");
    *note = item(report_of(report).provenance.notes, number, "note").c_str();
  });
}

lungrt_status lungrt_report_seconds(const lungrt_report* report, const char* part,
                                    double* seconds) {
  return c_api::guarded(__func__, [&] {
    c_api::required(seconds, "seconds");
    const auto& timings = report_of(report).timings_s;
    const auto found = timings.find(c_api::required(part, "part"));
    if (found == timings.end()) {
      refuse("the run had no part '" + std::string(part) +
             "': expected segment, group, classify or total, or find_lungs or transfer if the run "
             "had them");
    }
    *seconds = found->second;
  });
}

lungrt_status lungrt_report_json(const lungrt_report* report, int32_t with_candidates,
                                 char** text) {
  return c_api::guarded(__func__, [&] {
    *c_api::required(text, "text") = nullptr;
    const bool with = c_api::flag(with_candidates, "with_candidates");
    *text = c_api::caller_text(to_json(report_of(report), with));
  });
}

lungrt_status lungrt_report_mask(const lungrt_report* report, int32_t which, uint8_t* voxels,
                                 size_t size) {
  return c_api::guarded(__func__, [&] {
    const Report& own = report_of(report);
    const NoduleMask& mask = mask_called(masks_of(own), which);
    require_all_voxels(own, size, "bytes");
    mask.to_bytes(c_api::required(voxels, "voxels"));
  });
}

lungrt_status lungrt_report_labels(const lungrt_report* report, int32_t* labels, size_t count) {
  return c_api::guarded(__func__, [&] {
    const Report& own = report_of(report);
    const std::vector<std::int32_t>& all = masks_of(own).labels.labels;
    require_all_voxels(own, count, "labels");
    std::copy(all.begin(), all.end(), c_api::required(labels, "labels"));
  });
}
