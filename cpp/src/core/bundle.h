/// The bundle's manifest: what each network wants, gives and is called (DESIGN.md, "The bundle").
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lungrt {

/// Newest manifest version this build reads; older ones are read too.
inline constexpr int kBundleFormatVersion = 1;

/// A file of the bundle.
struct BundleFile {
  std::string file;    ///< relative to the bundle's folder, inside of it
  std::string sha256;  ///< 64 lower-case hexadecimal digits
  std::int64_t bytes = 0;
};

/// One trained network in every format it was exported to.
struct BundleNetwork {
  int member = 0;  ///< number in its stage, from 0
  std::string architecture;
  /// Pixels on each side that an output pixel depends on; none where the architecture's receptive
  /// field is unknown.
  std::optional<std::int64_t> receptive_radius;
  std::string checkpoint_sha256;
  std::map<std::string, BundleFile> artifacts;  ///< by format: torchscript, onnx, ...
  std::vector<BundleFile> goldens;
};

enum class StageKind { kSegmentation, kNodule, kMalignancy };
const char* to_string(StageKind kind) noexcept;
/// \throws Error kInvalidArgument for a name that no stage has
StageKind stage_kind(const std::string& name);

enum class OutputKind { kProbability, kLogits };

/// What a network's numbers mean: x = clamp(hu, window) * scale + offset.
struct InputContract {
  std::string name;
  std::array<float, 2> hu_window{-1000.0F, 1000.0F};
  float scale = 1.0F;
  float offset = 0.0F;
  // segmentation
  std::int64_t context_slices = 0;  ///< slices on each side; channels = 2 * context_slices + 1
  std::int64_t size_multiple = 1;   ///< height and width without halo must divide by it
  std::int64_t halo = 0;            ///< pixels that the output loses on each side
  // classifiers
  std::array<std::int64_t, 3> crop{};  ///< slices, rows, columns
};

/// How far an engine may be from the eager module.
struct Tolerance {
  double absolute = 0.0;       ///< of a probability
  double decision_band = 0.0;  ///< decisions may differ this close to the threshold
};

struct StageManifest {
  StageKind kind = StageKind::kSegmentation;
  InputContract input;
  std::string output_name;
  OutputKind output_kind = OutputKind::kProbability;
  std::vector<std::string> classes;
  double threshold = 0.5;
  Tolerance tolerance;                  ///< on the CPU
  std::vector<BundleNetwork> networks;  ///< at least one; several are an ensemble
};

/// The stage with one network of its ensemble alone.
/// \param member  from 0; -1 leaves all
/// \throws Error kInvalidArgument where there is no such member
StageManifest only_member(StageManifest stage, int member);

/// A parsed manifest. Files are not opened until they are asked for.
class Bundle {
 public:
  /// \throws Error kIo (no such folder), kBadBundle, kUnsupportedVersion
  static Bundle open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  /// SHA-256 of manifest.json.
  const std::string& sha256() const { return sha256_; }
  const std::map<StageKind, StageManifest>& stages() const { return stages_; }
  /// Null where the bundle has no such stage.
  const StageManifest* stage(StageKind kind) const;
  /// \throws Error kBadBundle that says which stages the bundle does have
  const StageManifest& required_stage(StageKind kind) const;

  /// Path of a file of the bundle.
  /// \param verify  also compare its size and SHA-256 with the manifest
  /// \throws Error kBadBundle where it is missing or differs
  std::filesystem::path file(const BundleFile& file, bool verify) const;

 private:
  std::filesystem::path folder_;
  std::string sha256_;
  std::map<StageKind, StageManifest> stages_;
};

}  // namespace lungrt
