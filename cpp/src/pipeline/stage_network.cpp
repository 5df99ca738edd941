#include "lungrt/stage_network.h"

#include <algorithm>

#include "backend/device_choice.h"
#include "backend/engine_choice.h"
#include "core/bundle/bundle.h"
#include "core/shape.h"
#include "core/text.h"
#include "lungrt/error.h"
#include "ops/interleave.h"
#include "stages/batches.h"
#include "stages/network.h"

namespace lungrt {

struct StageNetwork::Impl {
  StageManifest stage;
  Network network;

  void refuse(const std::vector<std::int64_t>& shape, const std::string& expected) const {
    throw Error(ErrorCode::kInvalidArgument, std::string("stage ") + to_string(stage.kind) +
                                                 " expects an input of shape " + expected +
                                                 ", got " + text::bracketed(shape));
  }

  std::vector<std::int64_t> output_shape(const std::vector<std::int64_t>& shape) const {
    const InputContract& input = stage.input;
    if (stage.kind != StageKind::kSegmentation) {
      const auto& crop = input.crop;
      if (shape.size() != 5 || shape[0] < 0 || shape[1] != 1 ||
          !std::equal(crop.begin(), crop.end(), shape.begin() + 2)) {
        refuse(shape, "[N, 1, " + std::to_string(crop[0]) + ", " + std::to_string(crop[1]) + ", " +
                          std::to_string(crop[2]) + "]");
      }
      return {shape[0], static_cast<std::int64_t>(stage.classes.size())};
    }
    const std::int64_t channels = 2 * input.context_slices + 1;
    const auto fits = [&](std::int64_t size) {
      if (size < 1 || size > kMaxAxis) return false;
      const std::int64_t inner = size - 2 * input.halo;
      return inner > 0 && inner % input.size_multiple == 0;
    };
    if (shape.size() != 4 || shape[0] < 0 || shape[1] != channels || !fits(shape[2]) ||
        !fits(shape[3]) || shape[2] > kMaxVoxels / shape[3] / channels) {
      refuse(shape, "[N, " + std::to_string(channels) + ", height, width] with height and width " +
                        std::to_string(2 * input.halo) + " more than a multiple of " +
                        std::to_string(input.size_multiple));
    }
    return {shape[0], 1, shape[2] - 2 * input.halo, shape[3] - 2 * input.halo};
  }
};

StageNetwork::StageNetwork(const std::string& bundle, const std::string& stage,
                           const PipelineOptions& options, int member) {
  const Bundle opened = Bundle::open(bundle);
  const StageManifest manifest = only_member(opened.required_stage(stage_kind(stage)), member);
  const Engine& engine =
      choose_engine(options.engine, options.device, opened, parse_precision(options.precision));
  const Device device = choose_device(engine, options.device);
  impl_ = std::make_unique<Impl>(
      Impl{manifest, open_network(opened, manifest, engine,
                                  {device, choose_threads(options.threads),
                                   choose_precision(engine, device, options.precision),
                                   options.engine_options, options.verify_hashes})});
}
StageNetwork::~StageNetwork() = default;
StageNetwork::StageNetwork(StageNetwork&&) noexcept = default;
StageNetwork& StageNetwork::operator=(StageNetwork&&) noexcept = default;

std::vector<std::int64_t> StageNetwork::output_shape(
    const std::vector<std::int64_t>& input_shape) const {
  return impl_->output_shape(input_shape);
}

void StageNetwork::run(const float* input, const std::vector<std::int64_t>& input_shape,
                       float* output) const {
  const std::vector<std::int64_t> output_shape = impl_->output_shape(input_shape);
  if (input == nullptr || output == nullptr) {
    throw Error(ErrorCode::kInvalidArgument,
                "the input or output of the network is a null pointer");
  }
  const SessionTraits& traits = impl_->network.traits();
  const auto batch_of = [](std::int64_t items, const std::vector<std::int64_t>& shape) {
    TensorShape result{items};
    for (std::size_t axis = 1; axis < shape.size(); ++axis) result.append(shape[axis]);
    return result;
  };
  const std::int64_t input_item = batch_of(1, input_shape).elements();
  const std::int64_t output_item = batch_of(1, output_shape).elements();
  const std::int64_t channels = input_shape[1];
  const std::int64_t least = input_shape.size() == 5 ? kFewestCrops : 1;

  const std::vector<Network::Lease> scratch = impl_->network.leases();
  for_each_batch(
      input_shape[0], traits.batch, static_cast<int>(scratch.size()),
      [&](int stream, std::int64_t first, std::int64_t count) {
        Network::Scratch& own = *scratch[static_cast<std::size_t>(stream)];
        const std::int64_t items = items_to_run(count, traits, least);
        float* staged = own.input.reserve(items * input_item);
        for (std::int64_t item = 0; item < count; ++item) {
          const float* source = input + (first + item) * input_item;
          float* target = staged + item * input_item;
          if (traits.layout == Layout::kNhwc) {
            const std::int64_t pixels = input_item / channels;
            ops::interleave_portable(source, pixels, pixels, channels, channels, target);
          } else {
            std::copy(source, source + input_item, target);
          }
        }
        impl_->network.run(own, batch_of(items, input_shape), batch_of(items, output_shape));
        std::copy(own.output.data(), own.output.data() + count * output_item,
                  output + first * output_item);
      },
      [](std::int64_t) {});
}

}  // namespace lungrt
