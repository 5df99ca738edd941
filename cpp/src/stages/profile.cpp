#include "stages/profile.h"

#include "lungrt/error.h"

namespace lungrt {
namespace {

ProfileOptions preset(const std::string& name) {
  ProfileOptions profile;
  profile.profile = name;
  if (name == "book") return profile;
  if (name == "lung") {
    profile.geometry = InverseTransform::kExact;
    profile.region = Region::kLungField;
    profile.merge_marks = true;
    profile.voxel_order = VoxelOrder::kPatient;
    profile.pad_small_volumes = true;
    return profile;
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown profile '" + name + "': expected book or lung");
}

InverseTransform parse_inverse(const std::string& text) {
  if (text == "book") return InverseTransform::kBook;
  if (text == "exact") return InverseTransform::kExact;
  throw Error(ErrorCode::kInvalidArgument,
              "unknown geometry '" + text + "': expected book or exact");
}

Region parse_region(const std::string& text) {
  if (text == "volume") return Region::kVolume;
  if (text == "lung") return Region::kLungField;
  throw Error(ErrorCode::kInvalidArgument,
              "unknown region '" + text + "': expected volume or lung");
}

VoxelOrder parse_voxel_order(const std::string& text) {
  if (text == "patient") return VoxelOrder::kPatient;
  if (text == "stored") return VoxelOrder::kStored;
  throw Error(ErrorCode::kInvalidArgument,
              "unknown voxel order '" + text + "': expected patient or stored");
}

}  // namespace

ProfileOptions choose_profile(const Bundle& bundle, const PipelineOptions& options) {
  ProfileOptions profile = preset(options.profile);
  if (!options.geometry.empty()) profile.geometry = parse_inverse(options.geometry);
  if (!options.region.empty()) profile.region = parse_region(options.region);
  if (options.merge_marks) profile.merge_marks = *options.merge_marks;
  if (!options.voxel_order.empty()) profile.voxel_order = parse_voxel_order(options.voxel_order);
  const auto threshold = [&](StageKind kind, double& value) {
    if (const StageManifest* stage = bundle.stage(kind)) value = stage->threshold;
  };
  threshold(StageKind::kSegmentation, profile.segmentation_threshold);
  threshold(StageKind::kNodule, profile.nodule_threshold);
  threshold(StageKind::kMalignancy, profile.malignancy_threshold);
  return profile;
}

}  // namespace lungrt
