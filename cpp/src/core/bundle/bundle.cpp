#include "core/bundle/bundle.h"

#include <algorithm>
#include <system_error>

#include "core/bundle/manifest.h"
#include "core/bundle/read_file.h"
#include "core/bundle/sha256.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kRepair = "; export or copy the bundle again";

/// Whether a path lies in a folder; neither may contain symbolic links.
bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [differs, unused] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return differs == folder.end();
}

}  // namespace

const char* to_string(StageKind kind) noexcept {
  switch (kind) {
    case StageKind::kSegmentation:
      return "segmentation";
    case StageKind::kNodule:
      return "nodule";
    case StageKind::kMalignancy:
      return "malignancy";
  }
  return "unknown";  // a value outside the enumeration
}

StageKind stage_kind(const std::string& name) {
  for (const StageKind kind :
       {StageKind::kSegmentation, StageKind::kNodule, StageKind::kMalignancy}) {
    if (name == to_string(kind)) return kind;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown stage '" + name + "': expected segmentation, nodule or malignancy");
}

StageManifest only_member(StageManifest stage, int member) {
  if (member == -1) return stage;
  if (member < 0 || member >= static_cast<int>(stage.networks.size())) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("stage ") + to_string(stage.kind) + " has no member " +
                    std::to_string(member) + ": it has " +
                    text::counted(static_cast<std::int64_t>(stage.networks.size()), "network") +
                    ", numbered from 0");
  }
  stage.networks = {stage.networks[static_cast<std::size_t>(member)]};
  return stage;
}

fs::path manifest_file(const fs::path& folder) { return folder / kManifest; }

std::string manifest_text(const fs::path& folder) {
  std::error_code failure;
  const fs::file_status status = fs::status(folder, failure);
  if (!fs::exists(status)) {
    throw Error(ErrorCode::kIo, "no bundle at " + folder.string() + ": " +
                                    (failure ? failure.message() : "no such folder"));
  }
  if (!fs::is_directory(status)) {
    throw Error(ErrorCode::kBadBundle, folder.string() +
                                           " is not a bundle: expected a folder that `lungrt "
                                           "export` wrote, found a file");
  }
  const fs::path manifest = manifest_file(folder);
  if (!fs::is_regular_file(manifest, failure)) {
    throw Error(ErrorCode::kBadBundle, folder.string() +
                                           " is not a bundle: expected a folder that `lungrt "
                                           "export` wrote, but it contains no file manifest.json");
  }
  return read_file(manifest, kMostJsonBytes);
}

Bundle Bundle::open(const fs::path& folder) {
  const std::string text = manifest_text(folder);
  Bundle bundle;
  std::error_code failure;
  bundle.folder_ = fs::canonical(folder, failure);  // valid even if the working directory changes
  if (failure) {
    throw Error(ErrorCode::kIo, "cannot read " + folder.string() + ": " + failure.message());
  }
  bundle.sha256_ = lungrt::sha256(text.data(), text.size());
  bundle.stages_ = parse_manifest(text, manifest_file(folder).string());
  return bundle;
}

const StageManifest* Bundle::stage(StageKind kind) const {
  const auto found = stages_.find(kind);
  return found == stages_.end() ? nullptr : &found->second;
}

const StageManifest& Bundle::required_stage(StageKind kind) const {
  if (const StageManifest* found = stage(kind)) return *found;
  std::vector<std::string> present;
  for (const auto& [other, manifest] : stages_) present.emplace_back(to_string(other));
  const std::string name = to_string(kind);
  throw Error(ErrorCode::kBadBundle, "bundle " + folder_.string() + " has no stage " + name +
                                         ", only " + text::listed(present, ", ") +
                                         "; export it again with --" + name + " CHECKPOINT");
}

std::string Bundle::damage(const BundleFile& file, bool verify) const {
  const fs::path path = folder_ / file.file;
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return "is missing or not a regular file";
  const fs::path real = fs::canonical(path, failure);
  if (failure) return "cannot be read: " + failure.message();
  if (!lies_in(real, folder_)) return "is a link to " + real.string() + ", outside the bundle";
  if (!verify) return "";
  const std::string differs = "is damaged or belongs to another bundle: ";
  const std::uintmax_t bytes = fs::file_size(real, failure);
  if (failure) return "cannot be read: " + failure.message();
  if (bytes != static_cast<std::uintmax_t>(file.bytes)) {
    return differs + "it has " + std::to_string(bytes) + " bytes, but manifest.json says " +
           std::to_string(file.bytes);
  }
  const std::string digits = sha256_of_file(real);
  if (digits == file.sha256) return "";
  return differs + "its SHA-256 is " + digits + ", but manifest.json says " + file.sha256;
}

fs::path Bundle::file(const BundleFile& file, bool verify) const {
  const fs::path path = folder_ / file.file;
  const std::string found = damage(file, verify);
  if (!found.empty()) throw Error(ErrorCode::kBadBundle, path.string() + " " + found + kRepair);
  return fs::canonical(path);
}

void Bundle::check_files() const {
  std::int64_t files = 0, damaged = 0;
  std::string problems;
  const auto check = [&](const BundleFile& file) {
    ++files;
    const std::string found = damage(file, true);
    if (found.empty()) return;
    ++damaged;
    problems += "\n  " + file.file + " " + found;
  };
  for (const auto& [kind, stage] : stages_) {
    for (const BundleNetwork& network : stage.networks) {
      for (const auto& [format, artifact] : network.artifacts) check(artifact);
      for (const BundleFile& golden : network.goldens) check(golden);
    }
  }
  if (damaged == 0) return;
  throw Error(ErrorCode::kBadBundle,
              folder_.string() + ": " + std::to_string(damaged) + " of " + std::to_string(files) +
                  " files do not match manifest.json" + kRepair + ":" + problems);
}

}  // namespace lungrt
