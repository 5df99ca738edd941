/// The whole diagnosis: CT in, nodules out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/device.h"
#include "lungrt/export.h"
#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt {

/// How a pipeline is built; fixed for its life.
struct PipelineOptions {
  /// One that engines() lists, or auto: native where it can run every network of the bundle on the
  /// device, else the first that can (decided once; the report says which)
  std::string engine = "auto";
  std::string device =
      "cpu";  ///< cpu, cuda, cuda:N, or auto (decided once; the report says what it chose)
  /// fp32, tf32, bf16, fp16 or int8; which of them an engine does on a device, engines() tells
  std::string precision = "fp32";
  std::string profile = "book";  ///< book or lung: a preset of the options that follow
  std::string
      geometry;  ///< book or exact: overrides the profile's inverse transform; empty: the profile's
  std::string region;  ///< volume or lung: overrides the profile's; empty: the profile's
  std::optional<bool> merge_marks;  ///< overrides the profile's
  int threads = 0;                  ///< 0: every processor this process may use
  bool verify_hashes = true;        ///< check each artifact's SHA-256 before it is loaded
  std::map<std::string, std::string> engine_options;  ///< settings of the engine, by name
};

/// Called between batches with the stage's name and its progress. May throw to stop the run.
using ProgressCallback =
    std::function<void(const char* stage, std::int64_t done, std::int64_t total)>;

/// What one run may do; the same pipeline takes different ones at once.
struct RunOptions {
  ProgressCallback progress;
  /// Asked between batches; true ends the run with Error kCancelled.
  std::function<bool()> cancelled;
  /// Most candidates to classify; beyond: Error kResourceLimit. 0: no limit.
  std::int64_t max_candidates = 0;
  /// Longest the run may take, checked between batches and steps; beyond: Error kResourceLimit.
  /// 0: no limit.
  double max_seconds = 0.0;
  /// Most host memory in bytes that the run may work in; what would exceed it is refused before it
  /// is allocated: Error kResourceLimit, with what needed how much. 0: no limit.
  ///
  /// Counted is all that grows with the volume, its candidates and the lanes: masks, the lung
  /// field's cells, inputs and outputs of the networks in host memory, the native engine's
  /// activations, runs and components, findings, kept masks. Not counted is what was there before
  /// (the volume, weights, what the pipeline keeps for its next run), activations within the other
  /// engines' libraries, a device's memory, and constant amounts of a few megabytes.
  std::int64_t max_memory_bytes = 0;
  /// Leaves the lung field, the mask and its labels in the report.
  bool keep_masks = false;
};

/// What a network is given: float32 values, contiguous in the order of the shape.
struct NetworkInput {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A loaded bundle on an engine and a device. Immutable: one pipeline serves many threads.
class LUNGRT_API Pipeline {
 public:
  /// \param bundle  folder that `lungrt export` wrote
  /// \throws Error  kBadBundle, kUnsupportedVersion, kEngineUnavailable, kDeviceUnavailable,
  /// kInvalidArgument
  explicit Pipeline(const std::string& bundle, const PipelineOptions& options = {});
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  /// Segmentation, grouping, nodule and, where the bundle has it, malignancy classification.
  Report run(const CtVolume& volume, const RunOptions& options = {}) const;

  /// Voxels whose nodule probability exceeds the threshold; outside of the region not all of them.
  NoduleMask segment(const CtVolume& volume, const RunOptions& options = {}) const;
  /// Components of the eroded mask with their centre in the region, in pipeline order.
  std::vector<Candidate> group(const CtVolume& volume, const NoduleMask& mask,
                               const RunOptions& options = {}) const;
  /// Probabilities of candidates, in the order given; only `index` of each is used.
  /// \throws Error kInvalidArgument for a candidate outside of the volume
  std::vector<Finding> classify(const CtVolume& volume, const std::vector<Candidate>& candidates,
                                const RunOptions& options = {}) const;

  /// What the segmentation sees of a slice: [channels, height, width], windowed, scaled and padded.
  NetworkInput segmentation_input(const CtVolume& volume, std::int64_t slice) const;
  /// What the nodule classifier sees of a place: [slices, rows, columns], windowed and scaled.
  NetworkInput nodule_input(const CtVolume& volume, const VoxelIndex& center) const;

  const std::string& engine() const;
  std::string device() const;
  const ProfileOptions& profile() const;
  int threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lungrt
