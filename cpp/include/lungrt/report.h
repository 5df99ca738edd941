/// What a diagnosis found, and how it was made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/geometry.h"
#include "lungrt/mask.h"
#include "lungrt/precision.h"

namespace lungrt {

/// A place that the segmentation proposes.
struct Candidate {
  VoxelIndex index;  ///< rounded centre: what is classified and reported
  Vec3 center_mm{};  ///< world position of `index`
  double volume_mm3 =
      0.0;  ///< estimate of the lesion: the component dilated back by the eroding cross
  double diameter_mm = 0.0;  ///< of the sphere of that volume
  VoxelBox box;              ///< around that estimate
  Vec3 extent_mm{};          ///< of the box, along the image's columns, rows and slices
};

/// A candidate with the classifiers' opinion.
struct Finding : Candidate {
  double p_nodule = 0.0;
  std::optional<double>
      p_malignant;  ///< given it is a nodule; absent without that stage, or below the threshold
};

/// A nodule that is reported: a finding above the threshold or, where marks are merged, several of
/// one lesion.
struct Nodule : Finding {
  /// Positions in Report::candidates of its marks. Place and p_nodule are the most likely mark's,
  /// p_malignant the highest, volume and box those of all.
  std::vector<std::int64_t> marks;
};

/// Where nodules are looked for.
enum class Region {
  kVolume,     ///< everywhere
  kLungField,  ///< in the lungs and what lies at their walls
};

/// The options of a profile, each recorded in the report.
struct ProfileOptions {
  std::string profile = "book";
  InverseTransform geometry = InverseTransform::kBook;
  Region region = Region::kVolume;
  bool merge_marks = false;  ///< nearby marks of one lesion become one nodule
  bool pad_small_volumes =
      false;  ///< with air, where a volume is smaller than a crop; else an error
  Precision precision = Precision::kFp32;  ///< of the networks
  double segmentation_threshold = 0.5;     ///< mask where probability > threshold
  double nodule_threshold = 0.5;           ///< listed as nodule where p_nodule > threshold
  double malignancy_threshold = 0.5;       ///< called malignant where p_malignant > threshold
};

/// Where every number came from.
struct Provenance {
  std::string lungrt_version;
  std::string bundle_sha256;  ///< of manifest.json, which holds every artifact's
  std::map<std::string, std::vector<std::string>> checkpoint_sha256;  ///< by stage, one a member
  std::string engine_version;
  std::string device_name;
  int threads = 0;
  /// Rounding, resampling, a lung field that was widened, what a device was not used for.
  std::vector<std::string> notes;
};

/// How large the lungs are.
struct LungFieldSummary {
  double air_ml = 0.0;    ///< aerated lung
  double field_ml = 0.0;  ///< the field that candidates are kept in
};

/// What a run saw, voxel by voxel (RunOptions::keep_masks).
struct RunMasks {
  NoduleMask lung_field;  ///< all of the volume where the region is
  NoduleMask mask;        ///< above the segmentation's threshold, where that was computed
  NoduleMask nodules;     ///< the components of all candidates, after erosion
  LabelVolume labels;     ///< of those, label k for the candidate at position k - 1
};

/// Result of Pipeline::run.
struct Report {
  std::string series_uid;
  VolumeShape shape;
  Geometry geometry;
  ProfileOptions options;
  std::string engine;
  std::string device;
  std::int64_t mask_voxels = 0;                ///< of the mask after erosion, where it was computed
  std::optional<LungFieldSummary> lung_field;  ///< where the region is the lung field
  std::vector<Nodule> nodules;                 ///< p_nodule > threshold, most likely first
  std::vector<Finding>
      candidates;  ///< all, in pipeline order: by un-rounded world centre (x, y, z)
  /// find_lungs, segment, group, classify, total; where the scan lay on a device also transfer, to
  /// there
  std::map<std::string, double> timings_s;
  Provenance provenance;
  std::shared_ptr<const RunMasks> masks;  ///< null unless asked for
};

/// Version of the JSON that `to_json` writes.
inline constexpr int kReportFormatVersion = 1;

/// The report as JSON text, keys as documented in README.md.
/// \param with_candidates  also list every candidate
LUNGRT_API std::string to_json(const Report& report, bool with_candidates = true);

}  // namespace lungrt
