#include "stages/network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/compiled_session.h"
#include "core/compiled.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

int input_rank(StageKind kind) { return kind == StageKind::kSegmentation ? 4 : 5; }

/// Logits to probabilities in place: one plane is a sigmoid, several classes a softmax over them.
void activate(float* values, const TensorShape& shape) {
  const std::int64_t items = shape[0];
  const std::int64_t classes = shape[1];
  if (classes == 1) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      values[i] = 1.0F / (1.0F + std::exp(-values[i]));
    }
    return;
  }
  for (std::int64_t item = 0; item < items; ++item) {
    float* row = values + item * classes;
    // A NaN must stay one: max_element alone could step over it, the sum below cannot.
    const float largest = *std::max_element(row, row + classes);
    float sum = 0.0F;
    for (std::int64_t k = 0; k < classes; ++k) sum += row[k] = std::exp(row[k] - largest);
    for (std::int64_t k = 0; k < classes; ++k) row[k] /= sum;
  }
}

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
                  "' of stage " + to_string(stage.kind) + ", the bundle has: " + formats +
                  "; export it again with that format, or use an engine that "
                  "has one");
}

/// Items [first, first + count) of a batch.
TensorView some_items(const TensorView& batch, std::int64_t first, std::int64_t count) {
  TensorView some = batch;
  some.data += batch.shape.elements() / batch.shape[0] * first;
  some.shape = TensorShape{count};
  for (int axis = 1; axis < batch.shape.rank(); ++axis) some.shape.append(batch.shape[axis]);
  return some;
}

/// Runs a batch; where memory runs out, half of it after the other half, once.
void run_within_memory(const Session& session, Workspace& workspace, const TensorView& input,
                       const TensorView& output) {
  const std::int64_t items = input.shape[0];
  try {
    session.run(workspace, input, output);
    return;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory || items < 2 || session.traits().fixed_batch) throw;
  }
  const std::int64_t half = (items + 1) / 2;
  for (const auto& [first, count] : {std::pair{std::int64_t{0}, half}, {half, items - half}}) {
    session.run(workspace, some_items(input, first, count), some_items(output, first, count));
  }
}

/// Scratch that no run is using.
struct Network::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Scratch>> idle;
};

Network::Network(std::vector<std::unique_ptr<Session>> members, OutputKind output_kind)
    : members_(std::move(members)), output_kind_(output_kind), pool_(std::make_unique<Pool>()) {}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;

Network::Lease Network::lease() const {
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->idle.empty()) {
      std::unique_ptr<Scratch> scratch = std::move(pool_->idle.back());
      pool_->idle.pop_back();
      return {*this, std::move(scratch)};
    }
  }
  auto scratch = std::make_unique<Scratch>();
  for (const auto& member : members_) scratch->workspaces.push_back(member->new_workspace());
  return {*this, std::move(scratch)};
}

std::vector<Network::Lease> Network::leases() const {
  std::vector<Lease> all;
  for (int lane = 0; lane < std::max(1, traits().lanes); ++lane) all.push_back(lease());
  return all;
}

Network::Lease::~Lease() {
  if (!scratch_) return;  // moved from
  const std::lock_guard lock(network_.pool_->mutex);
  network_.pool_->idle.push_back(std::move(scratch_));
}

void Network::run(Scratch& scratch, const TensorShape& input_shape,
                  const TensorShape& output_shape) const {
  const std::int64_t elements = output_shape.elements();
  const TensorView input{scratch.input.data(), input_shape, traits().layout, {}};
  float* mean = scratch.output.reserve(elements);
  for (std::size_t member = 0; member < members_.size(); ++member) {
    float* target = member == 0 ? mean : scratch.member_output.reserve(elements);
    run_within_memory(*members_[member], *scratch.workspaces[member], input,
                      {target, output_shape, Layout::kPlanes, {}});
    if (output_kind_ == OutputKind::kLogits) activate(target, output_shape);
    if (member > 0) std::transform(mean, mean + elements, target, mean, std::plus<>());
  }
  if (members_.size() > 1) {
    const auto count = static_cast<float>(members_.size());
    std::for_each(mean, mean + elements, [count](float& value) { value /= count; });
  }
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
