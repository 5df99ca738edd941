/// Verification of a bundle: its manifest, its files against their hashes, its networks against the
/// golden inputs and outputs in the bundle.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/goldens.h"

namespace lungrt {

/// Result for one network, runtime and golden. Exactly one of `comparison`, `problem` and `skipped`
/// is set.
struct VerifiedGolden {
  std::string stage;                ///< segmentation, nodule or malignancy
  int member = 0;                   ///< number of the network in its ensemble, from 0
  std::string engine;               ///< name of the engine, or of a runtime that the caller brought
  std::string version;              ///< version of the runtime; empty if it is not available
  double absolute = 0.0;            ///< largest absolute difference that is tolerated
  double decision_band = 0.0;       ///< decisions may differ this close to the threshold
  std::string golden;               ///< e.g. "golden 0"; empty if the runtime was skipped
  std::vector<std::int64_t> shape;  ///< shape of the input
  std::optional<GoldenComparison> comparison;
  std::string problem;  ///< why there is nothing to compare; empty unless the runtime failed
  std::string skipped;  ///< why the runtime was skipped; empty if it is available

  /// Whether the result is out of tolerance. A skipped runtime has not failed.
  LUNGRT_API bool failed() const;
};

/// Runs a network on an input and returns its output. Its failures are lungrt::Error; other
/// exceptions end the verification.
using GoldenRun = std::function<GoldenTensor(const GoldenTensor& input)>;

/// Network of a bundle that a runtime is to open.
struct GoldenNetwork {
  std::string bundle;  ///< folder of the bundle
  std::string stage;   ///< segmentation, nodule or malignancy
  int member = 0;      ///< number of the network in its ensemble, from 0
  /// The artifact; for networks compiled on this machine, the folder of all compiled sizes.
  std::string file;
  std::string input_name, output_name;  ///< names of its tensors
};

/// A runtime in which goldens are replayed.
struct VerificationRuntime {
  std::string name;     ///< name, for the results
  std::string format;   ///< format of the artifacts that it runs
  std::string version;  ///< version, for the results
  std::string missing;  ///< why it cannot be used; empty if it can
  /// Whether it returns probabilities even if the stage's networks return logits.
  bool gives_probabilities = false;
  /// Opens a network. Its failures are lungrt::Error; other exceptions end the verification.
  std::function<GoldenRun(const GoldenNetwork&)> open;
};

/// Options of a verification.
struct VerificationOptions {
  /// Artifact formats to run; empty: all in the bundle, and aotinductor if networks of it were
  /// compiled on this machine.
  std::vector<std::string> formats;
  int threads = 0;  ///< number of CPU threads; 0: every processor this process may use
  /// Runtimes to run instead of lungrt's engines.
  std::optional<std::vector<VerificationRuntime>> runtimes;
  /// Called after each network in each runtime.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  /// Called between goldens; true ends the verification with Error kCancelled.
  std::function<bool()> cancelled;
};

/// Checks a bundle's files, then replays its goldens in every available runtime, on the CPU.
/// Networks that were compiled on this machine take part with those goldens that have a compiled
/// size, and with the golden that was stored when they were compiled.
/// \return results by stage, network, runtime and golden; one per network for a skipped runtime
/// \throws Error kIo, kBadBundle, kUnsupportedVersion  if the bundle is damaged, invalid or has no
///                                                     goldens
/// \throws Error kInvalidArgument    for a format that the bundle does not have
/// \throws Error kEngineUnavailable  if no available runtime runs any of the artifacts
/// \throws Error kCancelled          if `options.cancelled` returned true
LUNGRT_API std::vector<VerifiedGolden> verify_bundle(const std::string& bundle,
                                                     const VerificationOptions& options = {});

/// Runs a golden's input and compares the output with the golden's.
/// \param run   the network
/// \param rule  how to compare; its tolerances are entered in the result
/// \param gives_probabilities  whether `run` returns probabilities even if the golden's output
///                             holds logits
/// \param row   result to complete: stage, member, engine, version and golden are kept
/// \throws Error kInvalidArgument if `run` is empty
LUNGRT_API VerifiedGolden replay(const GoldenRun& run, const Golden& golden,
                                 const ComparisonRule& rule, bool gives_probabilities,
                                 VerifiedGolden row = {});

/// Validates a bundle's manifest.json (DESIGN.md, "The bundle") and returns its text.
/// \throws Error kIo, kBadBundle, kUnsupportedVersion
LUNGRT_API std::string read_manifest(const std::string& bundle);

/// Lists the files that a bundle of any format version consists of, including its manifest, by
/// their paths in the bundle. The manifest need not be valid in any other way.
/// \throws Error kIo, kBadBundle  if there is no manifest, or no JSON object with a format_version
LUNGRT_API std::vector<std::string> listed_files(const std::string& bundle);

/// Compares every file of a bundle with the size and SHA-256 in its manifest.
/// \throws Error kIo, kUnsupportedVersion
/// \throws Error kBadBundle  if the manifest is invalid or files are missing or damaged; the
///                           message lists all of them
LUNGRT_API void check_bundle(const std::string& bundle);

}  // namespace lungrt
