/// Result of a diagnosis: findings, masks and provenance.
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

/// A location that the segmentation proposes.
struct Candidate {
  VoxelIndex index;  ///< rounded centre: what is classified and reported
  Vec3 center_mm{};  ///< world position of `index`
  /// Estimated volume of the lesion: the eroded component, dilated again with the same cross.
  double volume_mm3 = 0.0;
  double diameter_mm = 0.0;  ///< diameter of the sphere of that volume
  VoxelBox box;              ///< box around the estimated lesion
  Vec3 extent_mm{};          ///< size of the box along the image's columns, rows and slices
};

/// A candidate with the probabilities that the classifiers give it.
struct Finding : Candidate {
  double p_nodule = 0.0;  ///< probability that it is a nodule
  /// Probability of malignancy, given that it is a nodule. None if the bundle does not classify
  /// malignancy, or p_nodule is not above the threshold.
  std::optional<double> p_malignant;
};

/// A reported nodule: a finding above the threshold or, if marks are merged, several findings of
/// one lesion.
struct Nodule : Finding {
  /// Positions of its marks in Report::candidates. Location and p_nodule are those of the most
  /// likely mark, p_malignant is the highest of all marks, volume and box cover all of them.
  std::vector<std::int64_t> marks;
};

/// Where to look for nodules.
enum class Region {
  kVolume,     ///< in the whole volume
  kLungField,  ///< in the lungs and along their walls
};

/// The order of the volume's axes that the networks see.
enum class VoxelOrder {
  kStored,   ///< as the volume is stored
  kPatient,  ///< columns to the left, rows to posterior, slices to the head (LPS)
};

/// Options of a profile; the report records each of them.
struct ProfileOptions {
  std::string profile = "book";                         ///< name of the preset, book or lung
  InverseTransform geometry = InverseTransform::kBook;  ///< how world positions become voxels
  Region region = Region::kVolume;                      ///< where to look for nodules
  bool merge_marks = false;  ///< whether nearby marks of one lesion become one nodule
  /// The order of axes that the networks see; results are always in the stored order.
  VoxelOrder voxel_order = VoxelOrder::kStored;
  /// Whether a volume that is smaller than a crop is padded with air; otherwise it is an error.
  bool pad_small_volumes = false;
  Precision precision = Precision::kFp32;  ///< precision of the networks
  double segmentation_threshold = 0.5;     ///< in the mask where probability > threshold
  double nodule_threshold = 0.5;           ///< a nodule where p_nodule > threshold
  double malignancy_threshold = 0.5;       ///< called malignant where p_malignant > threshold
};

/// Versions, settings and hashes that the numbers of a report come from.
struct Provenance {
  std::string lungrt_version;  ///< version of the library
  std::string bundle_sha256;   ///< SHA-256 of manifest.json, which lists that of every artifact
  /// SHA-256 of the checkpoints, by stage; one for each member of an ensemble.
  std::map<std::string, std::vector<std::string>> checkpoint_sha256;
  std::string engine_version;  ///< version of the engine's runtime
  std::string device_name;     ///< name of the device, as the engine reports it
  int threads = 0;             ///< number of CPU threads
  /// Voxels that were rounded, resampled or brought into another order, a lung field that was
  /// widened, work that the device was not used for.
  std::vector<std::string> notes;
};

/// Size of the lungs.
struct LungFieldSummary {
  double air_ml = 0.0;    ///< volume of aerated lung
  double field_ml = 0.0;  ///< volume of the lung field, in which candidates are kept
};

/// Masks of a run (RunOptions::keep_masks).
struct RunMasks {
  NoduleMask lung_field;  ///< the lung field; the whole volume if that was the region
  NoduleMask mask;        ///< above the segmentation's threshold, where it was computed
  NoduleMask nodules;     ///< the components of all candidates, after erosion
  LabelVolume labels;     ///< those components, label k for the candidate at position k - 1
};

/// Result of Pipeline::run.
struct Report {
  std::string series_uid;        ///< DICOM series instance UID; may be empty
  VolumeShape shape;             ///< shape of the volume
  Geometry geometry;             ///< geometry of the volume
  ProfileOptions options;        ///< options of the profile that was used
  std::string engine;            ///< name of the engine that ran the networks
  std::string device;            ///< device that was used: cpu or cuda:N
  std::int64_t mask_voxels = 0;  ///< voxels of the mask after erosion, where it was computed
  /// Size of the lungs; none unless the region is the lung field.
  std::optional<LungFieldSummary> lung_field;
  std::vector<Nodule> nodules;  ///< p_nodule > threshold, most likely first
  /// All candidates in pipeline order: by unrounded world centre (x, y, z), ties in the order of
  /// the voxels that the networks saw.
  std::vector<Finding> candidates;
  /// Seconds by part of the run: find_lungs, segment, group, classify, total and, if voxels were
  /// brought into another order, reorder; if the scan was copied to a device, transfer.
  std::map<std::string, double> timings_s;
  Provenance provenance;                  ///< where the numbers come from
  std::shared_ptr<const RunMasks> masks;  ///< null unless RunOptions::keep_masks was set
};

/// Version of the JSON format that `to_json` writes.
inline constexpr int kReportFormatVersion = 1;

/// The report as JSON text; docs/reference/report.md lists the keys.
/// \param with_candidates  also list every candidate
LUNGRT_API std::string to_json(const Report& report, bool with_candidates = true);

/// The report as CSV text: one line for each nodule, or one for each candidate in pipeline order.
/// The first columns are those of LUNA16's submissions,
/// `seriesuid,coordX,coordY,coordZ,probability` (mm, LPS; `probability` is p_nodule). Then follow
/// `p_malignant` (empty if it is unknown), `diameter_mm`, `volume_mm3` and the voxel `slice`,
/// `row`, `column`. Numbers have the fewest digits that are read back as the same number.
/// \param candidates  list every candidate instead of the nodules
LUNGRT_API std::string to_csv(const Report& report, bool candidates = false);

}  // namespace lungrt
