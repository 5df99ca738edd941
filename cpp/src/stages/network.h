/// Networks of a stage: one network or an ensemble.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "backend/engine.h"
#include "backend/session.h"
#include "core/bundle/bundle.h"
#include "stages/tensor_place.h"

namespace lungrt {

/// Float32 buffer that grows and never shrinks.
class Buffer {
 public:
  explicit Buffer(std::shared_ptr<const TensorAllocator> allocator)
      : allocator_(std::move(allocator)) {}

  /// Makes room for at least `count` floats. Where the buffer grows, its old content is lost and
  /// the new one is zero.
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

/// A stage's networks, opened by an engine. Immutable; a run leases its scratch memory (see
/// `Lease`).
class Network {
 public:
  /// \param members      at least one; all have the same traits
  /// \param output_kind  whether they return logits or probabilities
  Network(std::vector<std::unique_ptr<Session>> members, OutputKind output_kind);
  ~Network();
  Network(Network&&) noexcept;

  /// Layout of the input, items per run, and what else the sessions expect.
  const SessionTraits& traits() const { return members_.front()->traits(); }

  /// Scratch memory of one run stream.
  struct Scratch {
    explicit Scratch(TensorPlace& tensors)
        : place(&tensors),
          input(tensors.allocator()),
          output(tensors.allocator()),
          member_output(tensors.allocator()) {}

    const std::shared_ptr<const TensorAllocator>& allocator() const { return input.allocator(); }

    TensorPlace* place;  ///< of the run that leases it
    Buffer input;
    Buffer output;
    Buffer member_output;  ///< of the ensemble's second and later members
    std::vector<std::unique_ptr<Workspace>> workspaces;  ///< one per member
  };

  /// Scratch memory for the caller alone; goes back to the pool when the lease ends.
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
  /// \param place  must outlive the lease
  Lease lease(TensorPlace& place = host_tensors()) const;
  /// One for each run stream of traits(); on a device a single one.
  std::vector<Lease> leases(TensorPlace& place = host_tensors()) const;

  /// Bytes of the inputs and outputs of one run stream.
  /// \param input_item, output_item  number of values of one item
  std::int64_t tensor_bytes(std::int64_t input_item, std::int64_t output_item) const;

  /// Host memory of all run streams: inputs, outputs and the workspaces that engines report.
  /// \param place  of the run; the result is 0 where that is a device
  /// \param input_shape, output_shape  of the largest batch that will be run
  std::int64_t working_bytes(const TensorPlace& place, const TensorShape& input_shape,
                             const TensorShape& output_shape) const;

  /// Runs every member on scratch.input and writes their mean probability to scratch.output.
  /// \param input_shape   of items_to_run() items
  /// \param output_shape  of as many; the layout is NCHW
  void run(Scratch& scratch, const TensorShape& input_shape, const TensorShape& output_shape) const;

 private:
  struct Pool;
  std::vector<std::unique_ptr<Session>> members_;
  OutputKind output_kind_;
  std::unique_ptr<Pool> pool_;
};

/// File of a network that the engine can open.
/// \throws Error kBadBundle where the bundle has no artifact for the engine
const BundleFile& artifact_for(const BundleNetwork& network, const StageManifest& stage,
                               const Engine& engine);

/// Settings that all stages open their networks with.
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
