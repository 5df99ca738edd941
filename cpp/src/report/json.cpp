/// Reports as JSON, the same text for C, C++, Python and the command line.

#include <nlohmann/json.hpp>

#include "lungrt/report.h"

namespace lungrt {
namespace {

using Json = nlohmann::ordered_json;

Json to_json_value(const Finding& finding) {
  Json value;
  value["center_mm"] = finding.center_mm;
  value["index"] = {finding.index.slice, finding.index.row, finding.index.column};
  value["p_nodule"] = finding.p_nodule;
  value["p_malignant"] = finding.p_malignant ? Json(*finding.p_malignant) : Json(nullptr);
  value["volume_mm3"] = finding.volume_mm3;
  value["diameter_mm"] = finding.diameter_mm;
  value["extent_mm"] = finding.extent_mm;
  return value;
}

Json to_json_value(const Nodule& nodule) {
  Json value = to_json_value(static_cast<const Finding&>(nodule));
  value["marks"] = nodule.marks;
  return value;
}

template <typename T>
Json to_json_value(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(to_json_value(item));
  return list;
}

Json options_value(const ProfileOptions& options) {
  Json value;
  value["geometry"] = options.geometry == InverseTransform::kBook ? "book" : "exact";
  value["region"] = options.region == Region::kVolume ? "volume" : "lung";
  value["merge_marks"] = options.merge_marks;
  value["voxel_order"] = options.voxel_order == VoxelOrder::kStored ? "stored" : "patient";
  value["pad_small_volumes"] = options.pad_small_volumes;
  value["precision"] = to_string(options.precision);
  value["segmentation_threshold"] = options.segmentation_threshold;
  value["nodule_threshold"] = options.nodule_threshold;
  value["malignancy_threshold"] = options.malignancy_threshold;
  return value;
}

Json provenance_value(const Provenance& provenance) {
  Json value;
  value["lungrt_version"] = provenance.lungrt_version;
  value["bundle_sha256"] = provenance.bundle_sha256;
  value["checkpoint_sha256"] = provenance.checkpoint_sha256;
  value["engine_version"] = provenance.engine_version;
  value["device_name"] = provenance.device_name;
  value["threads"] = provenance.threads;
  value["notes"] = provenance.notes;
  return value;
}

}  // namespace

std::string to_json(const Report& report, bool with_candidates) {
  Json value;
  value["format_version"] = kReportFormatVersion;
  value["series"]["uid"] = report.series_uid;
  value["series"]["shape"] = {report.shape.slices, report.shape.rows, report.shape.columns};
  value["series"]["spacing_mm"] = report.geometry.spacing_mm();
  value["series"]["origin_mm"] = report.geometry.origin_mm();
  value["series"]["direction"] = report.geometry.direction();
  value["profile"] = report.options.profile;
  value["options"] = options_value(report.options);
  value["engine"] = report.engine;
  value["device"] = report.device;
  if (report.lung_field) {
    value["lung_field"]["air_ml"] = report.lung_field->air_ml;
    value["lung_field"]["field_ml"] = report.lung_field->field_ml;
  } else {
    value["lung_field"] = nullptr;
  }
  value["counts"]["mask_voxels"] = report.mask_voxels;
  value["counts"]["candidates"] = report.candidates.size();
  value["counts"]["nodules"] = report.nodules.size();
  value["nodules"] = to_json_value(report.nodules);
  if (with_candidates) value["candidates"] = to_json_value(report.candidates);
  value["timings_s"] = report.timings_s;
  value["provenance"] = provenance_value(report.provenance);
  // A UID, note or path that is not UTF-8 must not make everything fail.
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lungrt
