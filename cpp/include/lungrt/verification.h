/// Holds a bundle against itself: its files against their hashes, its networks against the goldens
/// that travel with them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/export.h"

namespace lungrt {

/// An output held against the eager module's, both as probabilities.
struct GoldenComparison {
  std::int64_t values = 0;    ///< how many were compared
  double max_absolute = 0.0;  ///< of the differences
  double mean_absolute = 0.0;
  double max_relative = 0.0;   ///< of the differences by the eager probability, or by 0.001
  double mean_relative = 0.0;  ///< where that is smaller
  std::int64_t decisions = 0;  ///< pixels, or crops
  std::int64_t flips = 0;      ///< decisions that are not the eager ones
  /// Of these, the ones whose eager probability is not within the decision band.
  std::int64_t flips_outside_band = 0;
};

/// What became of one network in one engine on one golden. Exactly one of `comparison`, `problem`
/// and `skipped` is given.
struct VerifiedGolden {
  std::string stage;
  int member = 0;  ///< number of the network in its stage, from 0
  std::string engine;
  std::string version;                         ///< of the engine's runtime; empty if it is not here
  double absolute = 0.0, decision_band = 0.0;  ///< what it is held to
  std::string golden;                          ///< e.g. "golden 0"; empty where it was skipped
  std::vector<std::int64_t> shape;             ///< of the input
  std::optional<GoldenComparison> comparison;
  std::string problem;  ///< why there is nothing to compare, if the engine failed
  std::string skipped;  ///< why the engine was not asked, if it is not here

  /// Whether it is out of tolerance; an engine that is not here is not.
  LUNGRT_API bool failed() const;
};

/// What is verified.
struct VerificationOptions {
  std::vector<std::string> formats;  ///< artifacts to run; empty: all that the bundle has
  int threads = 0;                   ///< 0: every processor this process may use
  std::function<void(std::int64_t done, std::int64_t total)> progress;  ///< networks in engines
  /// Asked between goldens; true ends the verification with Error kCancelled.
  std::function<bool()> cancelled;
};

/// Checks a bundle's files, then runs its goldens on every engine that is here, on the CPU.
/// Networks that were compiled on this machine are not part of a bundle, and left out.
/// \return by stage, network, engine and golden; an engine that is not here has one line a network
/// \throws Error kIo, kBadBundle, kUnsupportedVersion  for a bundle that is not as it should be, or
///                               has no goldens
/// \throws Error kInvalidArgument    for a format that the bundle does not have
/// \throws Error kEngineUnavailable  where nothing here runs any of the artifacts
/// \throws Error kCancelled          when asked to
LUNGRT_API std::vector<VerifiedGolden> verify_bundle(const std::string& bundle,
                                                     const VerificationOptions& options = {});

/// Text of manifest.json (DESIGN.md, "The bundle"), once it was found to be as it should be.
/// \throws Error kIo, kBadBundle, kUnsupportedVersion
LUNGRT_API std::string read_manifest(const std::string& bundle);

/// Compares every file of a bundle with its size and SHA-256.
/// \throws Error kIo, kBadBundle, kUnsupportedVersion
LUNGRT_API void check_bundle(const std::string& bundle);

}  // namespace lungrt
