/// Weights files with random weights, which tests open and damage.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/bundle/safetensors.h"
#include "native/kernel_test.h"
#include "native/network_file.h"

namespace lungrt::native::testing {

/// Content of a weights file.
struct WeightsFile {
  nlohmann::json options;
  Safetensors content;  ///< without the options in its metadata until bytes() or tensors()

  /// Bytes of the file, in the layout of `lungrt export`.
  std::string bytes() const {
    nlohmann::json header{{"__metadata__", metadata()}};
    std::string values;
    for (const auto& [name, tensor] : content.tensors) {
      const std::size_t begin = values.size();
      for (const float value : tensor.values) {
        char four[sizeof value];
        std::memcpy(four, &value, sizeof value);
        values.append(four, sizeof value);
      }
      header[name] = {
          {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, values.size()}}};
    }
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::string prefix(sizeof length, '\0');
    std::memcpy(prefix.data(), &length, sizeof length);
    return prefix + text + values;
  }

  std::map<std::string, std::string> metadata() const {
    std::map<std::string, std::string> result = content.metadata;
    if (!options.is_null()) result["lungrt.options"] = options.dump();
    return result;
  }

  Tensors tensors() const { return {content, "weights.safetensors"}; }
};

/// Adds random tensors with the distribution of a newly initialised network.
class WeightsWriter {
 public:
  WeightsWriter(WeightsFile& file, unsigned seed) : file_(file), random_(seed) {}

  void add(const std::string& name, const std::vector<std::int64_t>& shape, float low, float high) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    file_.content.tensors[name] = {shape,
                                   random_.values(static_cast<std::size_t>(count), low, high)};
  }
  /// Adds weights and bias; `inputs` is the number of products per sum.
  void add_layer(const std::string& name, const std::vector<std::int64_t>& shape,
                 std::int64_t outputs, std::int64_t inputs) {
    const float most = std::sqrt(3.0F / static_cast<float>(inputs));
    add(name + ".weight", shape, -most, most);
    add(name + ".bias", {outputs}, -0.2F, 0.2F);
  }
  /// Adds a batch norm, with some negative scales.
  void add_norm(const std::string& name, std::int64_t channels) {
    add(name + ".weight", {channels}, -0.3F, 1.5F);
    add(name + ".bias", {channels}, -0.3F, 0.3F);
    add(name + ".running_mean", {channels}, -0.3F, 0.3F);
    add(name + ".running_var", {channels}, 0.5F, 1.5F);
  }

 private:
  WeightsFile& file_;
  Random random_;
};

inline WeightsFile described(const std::string& architecture, nlohmann::json options) {
  WeightsFile file;
  file.options = std::move(options);
  file.content.metadata = {
      {"format", "lungrt-weights"}, {"format_version", "1"}, {"lungrt.architecture", architecture}};
  return file;
}

inline const char* option_of(Activation activation) {
  return activation == Activation::kLeakyRelu ? "leaky_relu" : "relu";
}

inline WeightsFile unet_file(const UnetOptions& of, unsigned seed = 1) {
  WeightsFile file = described("unet", {{"in_channels", of.in_channels},
                                        {"out_channels", of.out_channels},
                                        {"widths", of.widths},
                                        {"up_mode", of.bilinear ? "upsample" : "upconv"},
                                        {"batch_norm", of.batch_norm},
                                        {"input_batch_norm", of.input_batch_norm},
                                        {"padding", of.padding},
                                        {"pooling", of.max_pooling ? "max" : "average"},
                                        {"activation", option_of(of.activation)},
                                        {"batch_norm_eps", of.batch_norm_eps}});
  WeightsWriter writer(file, seed);
  const auto block = [&](const std::string& name, std::int64_t inputs, std::int64_t width) {
    const int layers = of.batch_norm ? 3 : 2;
    for (int half = 0; half < 2; ++half) {
      const auto layer = [&](int index) { return name + std::to_string(half * layers + index); };
      writer.add_layer(layer(0), {width, inputs, 3, 3}, width, inputs * 9);
      if (of.batch_norm) writer.add_norm(layer(2), width);
      inputs = width;
    }
  };
  if (of.input_batch_norm) writer.add_norm("input_batchnorm", of.in_channels);
  std::int64_t below = of.in_channels;
  for (std::size_t level = 0; level < of.widths.size(); ++level) {
    block("unet.down_path." + std::to_string(level) + ".block.", below, of.widths[level]);
    below = of.widths[level];
  }
  for (std::size_t up = 0; up + 1 < of.widths.size(); ++up) {
    const std::int64_t width = of.widths[of.widths.size() - 2 - up];
    const std::string name = "unet.up_path." + std::to_string(up);
    if (of.bilinear) {
      writer.add_layer(name + ".up.1", {width, below, 1, 1}, width, below);
    } else {
      writer.add_layer(name + ".up", {below, width, 2, 2}, width, below);
    }
    block(name + ".conv_block.block.", 2 * width, width);
    below = width;
  }
  writer.add_layer("unet.last", {of.out_channels, below, 1, 1}, of.out_channels, below);
  return file;
}

inline WeightsFile classifier_file(const ClassifierOptions& of, unsigned seed = 1) {
  WeightsFile file = described("classifier3d", {{"out_channels", of.out_channels},
                                                {"widths", of.widths},
                                                {"tail_batch_norm", of.tail_batch_norm},
                                                {"crop", of.crop},
                                                {"activation", option_of(of.activation)},
                                                {"batch_norm_eps", of.batch_norm_eps}});
  WeightsWriter writer(file, seed);
  if (of.tail_batch_norm) writer.add_norm("tail_batchnorm", 1);
  std::int64_t inputs = 1;
  for (std::size_t block = 0; block < of.widths.size(); ++block) {
    for (const char* layer : {".conv1", ".conv2"}) {
      const std::int64_t width = of.widths[block];
      writer.add_layer("block" + std::to_string(block + 1) + layer, {width, inputs, 3, 3, 3}, width,
                       inputs * 27);
      inputs = width;
    }
  }
  std::int64_t features = inputs;
  for (const int size : of.crop) features *= size >> of.widths.size();
  writer.add_layer("head_linear", {of.out_channels, features}, of.out_channels, features);
  return file;
}

}  // namespace lungrt::native::testing
