/// Verification of a bundle: its files against their hashes, its networks against the golden inputs
/// and outputs in the bundle.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// Comparison of an output with that of the eager module, both as probabilities.
struct GoldenComparison {
  std::int64_t values = 0;     ///< number of values that were compared
  double max_absolute = 0.0;   ///< largest absolute difference
  double mean_absolute = 0.0;  ///< mean absolute difference
  /// Largest relative difference. Differences are divided by the eager probability, or by 0.001 if
  /// that is larger.
  double max_relative = 0.0;
  double mean_relative = 0.0;  ///< mean relative difference
  std::int64_t decisions = 0;  ///< number of decisions: pixels, or crops
  std::int64_t flips = 0;      ///< decisions that differ from the eager module's
  /// Flips whose eager probability lies outside the decision band around the threshold.
  std::int64_t flips_outside_band = 0;
};

/// Result for one network, engine and golden. Exactly one of `comparison`, `problem` and `skipped`
/// is set.
struct VerifiedGolden {
  std::string stage;           ///< segmentation, nodule or malignancy
  int member = 0;              ///< number of the network in its ensemble, from 0
  std::string engine;          ///< name of the engine
  std::string version;         ///< version of the engine's runtime; empty if it is not available
  double absolute = 0.0;       ///< largest absolute difference that is tolerated
  double decision_band = 0.0;  ///< decisions may differ this close to the threshold
  std::string golden;          ///< e.g. "golden 0"; empty if the engine was skipped
  std::vector<std::int64_t> shape;  ///< shape of the input
  std::optional<GoldenComparison> comparison;
  std::string problem;  ///< why there is nothing to compare; empty unless the engine failed
  std::string skipped;  ///< why the engine was skipped; empty if it is available

  /// Whether the result is out of tolerance. A skipped engine has not failed.
  LUNGRT_API bool failed() const;
};

/// Options of a verification.
struct VerificationOptions {
  std::vector<std::string> formats;  ///< artifact formats to run; empty: all in the bundle
  int threads = 0;  ///< number of CPU threads; 0: every processor this process may use
  /// Called after each network on each engine.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  /// Called between goldens; true ends the verification with Error kCancelled.
  std::function<bool()> cancelled;
};

/// Checks a bundle's files, then replays its goldens on every available engine, on the CPU.
/// Networks that were compiled on this machine are not part of the bundle and are left out.
/// \return results by stage, network, engine and golden; one per network for a skipped engine
/// \throws Error kIo, kBadBundle, kUnsupportedVersion  if the bundle is damaged, invalid or has no
///                                                     goldens
/// \throws Error kInvalidArgument    for a format that the bundle does not have
/// \throws Error kEngineUnavailable  if no available engine runs any of the artifacts
/// \throws Error kCancelled          if `options.cancelled` returned true
LUNGRT_API std::vector<VerifiedGolden> verify_bundle(const std::string& bundle,
                                                     const VerificationOptions& options = {});

/// Validates a bundle's manifest.json (DESIGN.md, "The bundle") and returns its text.
/// \throws Error kIo, kBadBundle, kUnsupportedVersion
LUNGRT_API std::string read_manifest(const std::string& bundle);

/// Compares every file of a bundle with the size and SHA-256 in its manifest.
/// \throws Error kIo, kBadBundle, kUnsupportedVersion
LUNGRT_API void check_bundle(const std::string& bundle);

}  // namespace lungrt
