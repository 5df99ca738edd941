/// What a diagnosis found, and how it was made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// A place that the segmentation proposes.
struct Candidate {
  VoxelIndex index;  ///< rounded centre: what is classified and reported
  Vec3 center_mm{};  ///< world position of `index`
  double volume_mm3 =
      0.0;  ///< estimate of the lesion: the component dilated back by the eroding cross
  double diameter_mm = 0.0;  ///< of the sphere of that volume
};

/// A candidate with the classifiers' opinion.
struct Finding : Candidate {
  double p_nodule = 0.0;
  std::optional<double>
      p_malignant;  ///< given it is a nodule; absent without that stage, or below the threshold
};

/// The options of a profile, each recorded in the report.
struct ProfileOptions {
  std::string profile = "book";
  InverseTransform geometry = InverseTransform::kBook;
  double segmentation_threshold = 0.5;  ///< mask where probability > threshold
  double nodule_threshold = 0.5;        ///< listed as nodule where p_nodule > threshold
  double malignancy_threshold = 0.5;    ///< called malignant where p_malignant > threshold
};

/// Where every number came from.
struct Provenance {
  std::string lungrt_version;
  std::string bundle_sha256;  ///< of manifest.json, which holds every artifact's
  std::map<std::string, std::vector<std::string>> checkpoint_sha256;  ///< by stage, one a member
  std::string engine_version;
  std::string device_name;
  int threads = 0;
  std::vector<std::string> notes;  ///< rounding, resampling, what a device was not used for
};

/// Result of Pipeline::run.
struct Report {
  std::string series_uid;
  VolumeShape shape;
  Geometry geometry;
  ProfileOptions options;
  std::string engine;
  std::string device;
  std::int64_t mask_voxels = 0;  ///< voxels of the mask after erosion
  std::vector<Finding> nodules;  ///< p_nodule > threshold, most likely first
  std::vector<Finding>
      candidates;  ///< all, in pipeline order: by un-rounded world centre (x, y, z)
  /// segment, group, classify, total; where the scan lay on a device also transfer, to there
  std::map<std::string, double> timings_s;
  Provenance provenance;
};

/// Version of the JSON that `to_json` writes.
inline constexpr int kReportFormatVersion = 1;

/// The report as JSON text, keys as documented in README.md.
/// \param with_candidates  also list every candidate
LUNGRT_API std::string to_json(const Report& report, bool with_candidates = true);

}  // namespace lungrt
