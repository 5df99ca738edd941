/// What a stage runs: one network or an ensemble, in, probabilities out.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "backend/engine.h"
#include "backend/session.h"
#include "core/bundle.h"
#include "stages/tensor_place.h"

namespace lungrt {

/// Float32 memory that grows and never shrinks.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<const TensorAllocator> allocator)
      : allocator_(std::move(allocator)) {}

  /// At least `count` floats; zero, and what was there lost, where it grows.
  float* reserve(std::int64_t count) {
    if (count > count_) {
      values_.reset();
      count_ = 0;
      values_ = allocator_->allocate(count);
      count_ = count;
    }
    return values_.get();
  }
  float* data() { return values_.get(); }
  const std::shared_ptr<const TensorAllocator>& allocator() const { return allocator_; }

 private:
  std::shared_ptr<const TensorAllocator> allocator_;
  std::shared_ptr<float> values_;
  std::int64_t count_ = 0;
};

/// A stage's networks on an engine. Immutable; what a run needs is borrowed (see `Lease`).
class Network {
 public:
  /// \param members      at least one; they agree on their traits
  /// \param output_kind  what they give
  Network(std::vector<std::unique_ptr<Session>> members, OutputKind output_kind);
  ~Network();
  Network(Network&&) noexcept;

  /// How the input must be laid out, and how many items each run takes.
  const SessionTraits& traits() const { return members_.front()->traits(); }

  /// What one run works in.
  struct Scratch {
    explicit Scratch(TensorPlace& tensors)
        : place(&tensors),
          input(tensors.allocator()),
          output(tensors.allocator()),
          member_output(tensors.allocator()) {}

    const std::shared_ptr<const TensorAllocator>& allocator() const { return input.allocator(); }

    TensorPlace* place;  ///< of the run that has it
    Buffer input;
    Buffer output;
    Buffer member_output;                                ///< of one member of an ensemble
    std::vector<std::unique_ptr<Workspace>> workspaces;  ///< one a member
  };

  /// Scratch for the caller's own use until it goes out of scope, when the next run may have it.
  class Lease {
   public:
    Lease(const Network& network, std::unique_ptr<Scratch> scratch)
        : network_(network), scratch_(std::move(scratch)) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Scratch& operator*() const { return *scratch_; }
    Scratch* operator->() const { return scratch_.get(); }

   private:
    const Network& network_;
    std::unique_ptr<Scratch> scratch_;
  };
  /// \param place  outlives the lease
  Lease lease(TensorPlace& place = host_tensors()) const;
  /// One for each run stream of traits(); on a device a single one.
  std::vector<Lease> leases(TensorPlace& place = host_tensors()) const;

  /// Bytes of the inputs and outputs of one run stream.
  /// \param input_item, output_item  values of one item
  std::int64_t tensor_bytes(std::int64_t input_item, std::int64_t output_item) const;

  /// Host memory of all run streams: inputs, outputs and the workspaces that engines report.
  /// \param place         of the run; on a device none is needed
  /// \param input_shape, output_shape  the largest batch that will be run
  std::int64_t working_bytes(const TensorPlace& place, const TensorShape& input_shape,
                             const TensorShape& output_shape) const;

  /// Runs every member on scratch.input and leaves their mean probability in scratch.output.
  /// \param input_shape   a full batch, traits().batch items
  /// \param output_shape  likewise, planes
  void run(Scratch& scratch, const TensorShape& input_shape, const TensorShape& output_shape) const;

 private:
  struct Pool;
  std::vector<std::unique_ptr<Session>> members_;
  OutputKind output_kind_;
  std::unique_ptr<Pool> pool_;
};

/// The file of a network that an engine opens.
/// \throws Error kBadBundle where the bundle has none
const BundleFile& artifact_for(const BundleNetwork& network, const StageManifest& stage,
                               const Engine& engine);

/// How networks are opened, alike for all stages.
struct NetworkSettings {
  Device device;
  int threads = 1;
  Precision precision = Precision::kFp32;
  EngineOptions engine_options;
  bool verify_hashes = true;
};

/// Opens a stage's networks from the bundle.
/// \throws Error kBadBundle where the bundle has no artifact for the engine, or one is damaged
Network open_network(const Bundle& bundle, const StageManifest& stage, const Engine& engine,
                     const NetworkSettings& settings);

}  // namespace lungrt
