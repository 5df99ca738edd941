/// The pipeline: a CT goes in, nodules come out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/device.h"
#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt {

/// Options of a pipeline, fixed once it is constructed.
struct PipelineOptions {
  /// Name of an engine that engines() lists, or auto: native if it can run every network of the
  /// bundle on the device, else the first engine that can. Decided once; the report names it.
  std::string engine = "auto";
  /// cpu, cuda, cuda:N, or auto. Decided once; the report names it.
  std::string device = "cpu";
  /// fp32, tf32, bf16, fp16 or int8; engines() lists what an engine supports on a device.
  std::string precision = "fp32";
  std::string profile = "lung";  ///< book or lung: preset of the next four options
  std::string geometry;          ///< inverse transform, book or exact; empty: the profile's
  std::string region;  ///< where to look for nodules, volume or lung; empty: the profile's
  std::optional<bool> merge_marks;  ///< merge nearby marks of one lesion; none: as the profile
  /// Order of axes that the networks see. patient: columns to the left, rows to posterior, slices
  /// to the head, so that every stored order of a CT gives the same result; stored: as the volume
  /// is stored. Results are always in the stored order. Empty: the profile's
  std::string voxel_order;
  int threads = 0;            ///< number of CPU threads; 0: every processor this process may use
  bool verify_hashes = true;  ///< check each artifact's SHA-256 before it is loaded
  std::map<std::string, std::string> engine_options;  ///< settings of the engine, by name
};

/// Called between batches with the name of the stage and its progress, unless the stage has nothing
/// to do: `total` is at least 1. May throw to stop the run.
using ProgressCallback =
    std::function<void(const char* stage, std::int64_t done, std::int64_t total)>;

/// Callbacks, limits and outputs of one run. Runs of one pipeline may use different options at the
/// same time.
struct RunOptions {
  ProgressCallback progress;  ///< empty for none
  /// Called between batches; true ends the run with Error kCancelled.
  std::function<bool()> cancelled;
  /// Most candidates to classify; more end the run with Error kResourceLimit. 0: no limit.
  std::int64_t max_candidates = 0;
  /// Longest time in seconds that the run may take, checked between batches and steps; a longer run
  /// ends with Error kResourceLimit. 0: no limit.
  double max_seconds = 0.0;
  /// Most host memory in bytes that the run may use for its work. An allocation that would exceed
  /// it is refused before it is made, with Error kResourceLimit and what needed how much.
  /// 0: no limit.
  ///
  /// Counted is everything that grows with the volume, its candidates and the number of run
  /// streams: a copy in the patient's order, masks, the lung field's cells, inputs and outputs of
  /// the networks in host memory, the native engine's activations, runs and components, findings,
  /// kept masks. Not counted is what existed before the run (the volume, weights, buffers that the
  /// pipeline keeps for its next run), activations inside the other engines' libraries, device
  /// memory, and constant amounts of a few megabytes.
  std::int64_t max_memory_bytes = 0;
  /// Keep the lung field, the masks and the labels in the report (Report::masks).
  bool keep_masks = false;
  /// Go on, with a note in the report, where the voxels cannot be Hounsfield units of a chest (no
  /// air, stored values without rescale, 8 bits); otherwise that is Error kBadVolume.
  bool allow_non_hu = false;
};

/// Input of a network: float32 values, contiguous in the order of the shape.
struct NetworkInput {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A loaded bundle on an engine and a device. Immutable: many threads may use one pipeline.
///
/// Volumes, masks, candidates and findings are in the order in which the volume is stored, whatever
/// order the networks see (PipelineOptions::voxel_order).
///
/// Methods that take a volume throw Error kBadVolume, kBadBundle (the bundle lacks the stage),
/// kInvalidArgument, kCancelled, kResourceLimit, kOutOfMemory or kInference.
class LUNGRT_API Pipeline {
 public:
  /// Loads a bundle.
  /// \param bundle  folder that `lungrt export` wrote
  /// \throws Error kIo, kBadBundle, kUnsupportedVersion, kEngineUnavailable, kDeviceUnavailable,
  ///         kInvalidArgument, kOutOfMemory
  explicit Pipeline(const std::string& bundle, const PipelineOptions& options = {});
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  /// Diagnoses a volume: segmentation, grouping, nodule classification and, if the bundle has that
  /// stage, malignancy classification.
  Report run(const CtVolume& volume, const RunOptions& options = {}) const;

  /// Segments a volume: the voxels whose nodule probability exceeds the threshold. Outside the
  /// region not all of them are computed.
  NoduleMask segment(const CtVolume& volume, const RunOptions& options = {}) const;
  /// Groups a mask into candidates: the components of the eroded mask whose centre lies in the
  /// region, in pipeline order.
  std::vector<Candidate> group(const CtVolume& volume, const NoduleMask& mask,
                               const RunOptions& options = {}) const;
  /// Classifies candidates, in the order given; only the `index` of each is used.
  /// \throws Error kInvalidArgument for a candidate outside the volume
  std::vector<Finding> classify(const CtVolume& volume, const std::vector<Candidate>& candidates,
                                const RunOptions& options = {}) const;

  /// Input of the segmentation for a slice: [channels, height, width], windowed, scaled and padded.
  /// \param slice  counted in the order that the networks see: with voxel order patient from the
  ///               feet, however the volume is stored
  /// \throws Error kInvalidArgument for a slice outside the volume
  NetworkInput segmentation_input(const CtVolume& volume, std::int64_t slice) const;
  /// Input of the nodule classifier for a centre: [slices, rows, columns] in the order that the
  /// networks see, windowed and scaled.
  /// \param center  voxel of the stored volume
  /// \throws Error kInvalidArgument for a centre outside the volume
  NetworkInput nodule_input(const CtVolume& volume, const VoxelIndex& center) const;

  const std::string& engine() const;      ///< name of the engine in use
  std::string device() const;             ///< device in use: cpu or cuda:N
  const ProfileOptions& profile() const;  ///< options of the profile in use
  int threads() const;                    ///< number of CPU threads

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lungrt
