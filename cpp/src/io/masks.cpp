#include "io/masks.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <system_error>

#include "io/images/write_image.h"
#include "lungrt/error.h"
#include "lungrt/output_file.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kFormats{"nii.gz", "nrrd", "mha"};
/// A name that no file or folder of a user has.
constexpr const char* kTrial = ".lungrt-trial";

void write_mask(const fs::path& path, const NoduleMask& mask, const Report& report) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(report.shape.voxels()));
  mask.to_bytes(bytes.data());
  write_image(path, bytes.data(), VoxelType::kUint8, report.shape, report.geometry);
}

}  // namespace

void make_mask_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure && !fs::is_directory(folder, failure) && !failure) {
    failure = std::make_error_code(std::errc::not_a_directory);
  }
  if (failure) {
    throw Error(ErrorCode::kIo, folder.string() + ": the folder for masks cannot be created (" +
                                    failure.message() + ")");
  }
  const OutputFile attempt((folder / kTrial).string());  // whether files can be written there
}

std::vector<fs::path> write_masks(const fs::path& folder, const Report& report,
                                  const std::string& format) {
  if (std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                "unknown mask format '" + format + "': expected nii.gz, nrrd or mha");
  }
  if (!report.masks) {
    throw Error(ErrorCode::kInvalidArgument,
                "the report has no masks; run the pipeline with keep_masks");
  }
  make_mask_folder(folder);
  const auto place = [&](const char* name) { return folder / (name + ("." + format)); };
  const fs::path field = place("lung_field"), mask = place("nodule_mask"), labels = place("labels");
  write_mask(field, report.masks->lung_field, report);
  write_mask(mask, report.masks->nodules, report);
  write_image(labels, report.masks->labels.labels.data(), VoxelType::kInt32, report.shape,
              report.geometry);
  return {field, mask, labels};
}

}  // namespace lungrt::io
