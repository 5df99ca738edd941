/// A bundle and its manifest: stages, networks, inputs, outputs and files (DESIGN.md, "The
/// bundle").
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lungrt {

/// Newest manifest version that this build reads; it also reads older ones.
inline constexpr int kBundleFormatVersion = 1;

/// A file of the bundle.
struct BundleFile {
  std::string file;    ///< path inside the bundle, relative to its folder
  std::string sha256;  ///< 64 lower-case hexadecimal digits
  std::int64_t bytes = 0;
};

/// One trained network, in every format that it was exported to.
struct BundleNetwork {
  int member = 0;  ///< number of the network in its ensemble, from 0
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
/// \throws Error kInvalidArgument for an unknown name
StageKind stage_kind(const std::string& name);

enum class OutputKind { kProbability, kLogits };

/// Input of a network; its values are clamp(hu, hu_window) * scale + offset.
struct InputContract {
  std::string name;
  std::array<float, 2> hu_window{-1000.0F, 1000.0F};
  float scale = 1.0F;
  float offset = 0.0F;
  // segmentation
  std::int64_t context_slices = 0;  ///< slices on each side; channels = 2 * context_slices + 1
  std::int64_t size_multiple = 1;   ///< height and width without halo are multiples of it
  std::int64_t halo = 0;            ///< pixels on each side that the output lacks
  // classifiers
  std::array<std::int64_t, 3> crop{};  ///< slices, rows, columns
};

/// Largest tolerated difference between an engine and the eager module.
struct Tolerance {
  double absolute = 0.0;       ///< absolute difference of a probability
  double decision_band = 0.0;  ///< decisions may differ this close to the threshold
};

/// Stage of a bundle, as its manifest describes it.
struct StageManifest {
  StageKind kind = StageKind::kSegmentation;
  InputContract input;
  std::string output_name;
  OutputKind output_kind = OutputKind::kProbability;
  std::vector<std::string> classes;
  double threshold = 0.5;
  Tolerance tolerance;                  ///< of the CPU
  std::vector<BundleNetwork> networks;  ///< at least one; several form an ensemble
};

/// The stage reduced to one network of its ensemble.
/// \param member  number of the network, from 0; -1 keeps all
/// \throws Error kInvalidArgument if there is no such member
StageManifest only_member(StageManifest stage, int member);

/// Path of a bundle's manifest.
std::filesystem::path manifest_file(const std::filesystem::path& folder);
/// Text of a bundle's manifest, which may be of any format version or damaged.
/// \throws Error kIo (no such folder, or it cannot be read), kBadBundle (no bundle)
std::string manifest_text(const std::filesystem::path& folder);

/// A bundle whose manifest has been parsed. Other files are not opened until file() is called.
class Bundle {
 public:
  /// \throws Error kIo (no such folder), kBadBundle, kUnsupportedVersion
  static Bundle open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  /// SHA-256 of manifest.json.
  const std::string& sha256() const { return sha256_; }
  const std::map<StageKind, StageManifest>& stages() const { return stages_; }
  /// Null if the bundle has no such stage.
  const StageManifest* stage(StageKind kind) const;
  /// \throws Error kBadBundle if the bundle has no such stage; the message lists those it has
  const StageManifest& required_stage(StageKind kind) const;

  /// Path of a file of the bundle.
  /// \param verify  also compare its size and SHA-256 with the manifest
  /// \throws Error kBadBundle if it is missing or differs
  std::filesystem::path file(const BundleFile& file, bool verify) const;

  /// Compares every file that the manifest lists with its size and SHA-256.
  /// \throws Error kBadBundle if some are missing or differ; the message lists all of them
  void check_files() const;

 private:
  /// What is wrong with a file, as the predicate of a sentence; empty if nothing is.
  std::string damage(const BundleFile& file, bool verify) const;

  std::filesystem::path folder_;
  std::string sha256_;
  std::map<StageKind, StageManifest> stages_;
};

}  // namespace lungrt
