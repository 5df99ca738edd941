#include "stages/network.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

#include "backend/compiled_session.h"
#include "core/bundle/compiled.h"
#include "core/logging.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

int input_rank(StageKind kind) { return kind == StageKind::kSegmentation ? 4 : 5; }

}  // namespace

const BundleFile& artifact_for(const BundleNetwork& network, const StageManifest& stage,
                               const Engine& engine) {
  const auto found = network.artifacts.find(engine.artifact_format());
  if (found != network.artifacts.end()) return found->second;
  std::string formats;
  for (const auto& [format, file] : network.artifacts) {
    formats += (formats.empty() ? "" : ", ") + format;
  }
  throw Error(ErrorCode::kBadBundle,
              "engine " + engine.name() + " needs the artifact '" + engine.artifact_format() +
                  "' of stage " + to_string(stage.kind) + ", but the bundle has only " + formats +
                  "; export the bundle again with this format, or use another engine");
}

/// Items [first, first + count) of a batch.
TensorView some_items(const TensorView& batch, std::int64_t first, std::int64_t count) {
  TensorView some = batch;
  some.data += batch.shape.elements() / batch.shape[0] * first;
  some.shape = TensorShape{count};
  for (int axis = 1; axis < batch.shape.rank(); ++axis) some.shape.append(batch.shape[axis]);
  return some;
}

/// Runs a batch; if that runs out of memory, runs it once more as two halves.
void run_within_memory(const Session& session, Workspace& workspace, const TensorView& input,
                       const TensorView& output) {
  const std::int64_t items = input.shape[0];
  try {
    session.run(workspace, input, output);
    return;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory || items < 2 || session.traits().fixed_batch) throw;
  }
  log_lazily(LogLevel::kWarning, [&] {
    return "out of memory for a batch of " + std::to_string(items) +
           " items; running it again in two halves";
  });
  const std::int64_t half = (items + 1) / 2;
  for (const auto& [first, count] : {std::pair{std::int64_t{0}, half}, {half, items - half}}) {
    session.run(workspace, some_items(input, first, count), some_items(output, first, count));
  }
}

/// Scratch memory that no run is using.
struct Network::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Scratch>> idle;
};

Network::Network(std::vector<std::unique_ptr<Session>> members, OutputKind output_kind)
    : members_(std::move(members)), output_kind_(output_kind), pool_(std::make_unique<Pool>()) {}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;

Network::Lease Network::lease(TensorPlace& place) const {
  {
    const std::lock_guard lock(pool_->mutex);
    const auto found = std::find_if(
        pool_->idle.rbegin(), pool_->idle.rend(),
        [&](const auto& scratch) { return scratch->allocator() == place.allocator(); });
    if (found != pool_->idle.rend()) {
      std::unique_ptr<Scratch> scratch = std::move(*found);
      pool_->idle.erase(std::next(found).base());
      scratch->place = &place;
      return {*this, std::move(scratch)};
    }
  }
  auto scratch = std::make_unique<Scratch>(place);
  for (const auto& member : members_) scratch->workspaces.push_back(member->new_workspace());
  return {*this, std::move(scratch)};
}

std::vector<Network::Lease> Network::leases(TensorPlace& place) const {
  // Work on a device is ordered on one CUDA stream, so more run streams would only wait.
  const int run_streams = place.stream() != nullptr ? 1 : std::max(1, traits().run_streams);
  std::vector<Lease> all;
  for (int stream = 0; stream < run_streams; ++stream) all.push_back(lease(place));
  return all;
}

std::int64_t Network::tensor_bytes(std::int64_t input_item, std::int64_t output_item) const {
  const std::int64_t outputs = members_.size() > 1 ? 2 : 1;
  return traits().batch * (input_item + outputs * output_item) *
         static_cast<std::int64_t>(sizeof(float));
}

std::int64_t Network::working_bytes(const TensorPlace& place, const TensorShape& input_shape,
                                    const TensorShape& output_shape) const {
  if (place.device().kind != DeviceKind::kCpu) return 0;
  const std::int64_t batch = traits().batch;
  std::int64_t bytes =
      tensor_bytes(input_shape.elements() / batch, output_shape.elements() / batch);
  for (const auto& member : members_) bytes += member->workspace_bytes(input_shape);
  return bytes * std::max(1, traits().run_streams);
}

Network::Lease::~Lease() {
  if (!scratch_) return;  // moved from
  try {
    scratch_->place->wait();  // the next run may use another CUDA stream
  } catch (const Error&) {
    return;  // the device has failed, so no run can reuse this memory
  }
  const std::lock_guard lock(network_.pool_->mutex);
  network_.pool_->idle.push_back(std::move(scratch_));
}

void Network::run(Scratch& scratch, const TensorShape& input_shape,
                  const TensorShape& output_shape) const {
  TensorPlace& place = *scratch.place;
  const std::int64_t elements = output_shape.elements();
  const TensorView input{scratch.input.data(), input_shape, traits().layout, place.device(),
                         place.stream()};
  float* mean = scratch.output.reserve(elements);
  for (std::size_t member = 0; member < members_.size(); ++member) {
    float* target = member == 0 ? mean : scratch.member_output.reserve(elements);
    if (!traits().stream_ordered) place.wait();
    run_within_memory(*members_[member], *scratch.workspaces[member], input,
                      {target, output_shape, Layout::kNchw, place.device(), place.stream()});
    if (output_kind_ == OutputKind::kLogits) place.activate(target, output_shape);
    if (member > 0) place.add(mean, target, elements);
  }
  if (members_.size() > 1) place.divide(mean, elements, static_cast<float>(members_.size()));
}

Network open_network(const Bundle& bundle, const StageManifest& stage, const Engine& engine,
                     const NetworkSettings& settings) {
  std::vector<std::unique_ptr<Session>> members;
  for (const BundleNetwork& network : stage.networks) {
    SessionRequest request;
    request.input_name = stage.input.name;
    request.output_name = stage.output_name;
    request.input_rank = input_rank(stage.kind);
    request.device = settings.device;
    request.threads = settings.threads;
    request.precision = settings.precision;
    request.options = settings.engine_options;
    if (engine.artifact_format() == kCompiledFormat) {
      const CompiledRuntime runtime{engine.version(), engine.device_name({})};
      members.push_back(open_compiled(engine, find_compiled(bundle, stage, network, runtime),
                                      request, {stage.input.halo, compile_command(bundle)}));
      continue;
    }
    request.artifact = bundle.file(artifact_for(network, stage, engine), settings.verify_hashes);
    members.push_back(engine.open(request));
  }
  return Network(std::move(members), stage.output_kind);
}

}  // namespace lungrt
