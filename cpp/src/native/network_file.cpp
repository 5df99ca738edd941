#include "native/network_file.h"

#include <algorithm>
#include <cmath>

#include "core/bundle/json_field.h"
#include "core/bundle/strict_json.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt::native {
namespace {

constexpr const char* kFormat = "lungrt-weights";
constexpr const char* kVersion = "1";
// Limits far beyond any network for these tasks, which prevent overflows in later arithmetic.
constexpr std::int64_t kMostChannels = 4096;
constexpr std::size_t kMostLevels = 12;
constexpr std::int64_t kMostVoxels = 1024;

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string result = "[";
  for (const std::int64_t size : shape) {
    result += (result.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return result + "]";
}

const std::string& metadata(const Safetensors& file, const std::string& key,
                            const std::string& where) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw Error(ErrorCode::kBadBundle,
                where + ": its metadata has no '" + key +
                    "', so it is not a weights file of lungrt; export the checkpoint again");
  }
  return found->second;
}

int channels(const JsonField& field) { return static_cast<int>(field.integer(1, kMostChannels)); }

std::vector<int> widths(const JsonField& field) {
  std::vector<int> result;
  for (const JsonField& width : field.items()) result.push_back(channels(width));
  field.require(!result.empty() && result.size() <= kMostLevels,
                "1 to " + std::to_string(kMostLevels) + " numbers of channels");
  return result;
}

/// The widths of all convolutions, of which the second ones on the way down are `widths`.
std::vector<int> convolution_widths(const JsonField& field, const std::vector<int>& widths) {
  std::vector<int> result;
  for (const JsonField& width : field.items()) result.push_back(channels(width));
  const std::size_t count = 5 * widths.size() - 3;
  field.require(result.size() == count, std::to_string(count) + " numbers of channels");
  for (std::size_t level = 0; level < widths.size(); ++level) {
    field.require(result[2 * level + 1] == widths[level],
                  "the widths of the levels for the second convolutions on the way down");
  }
  return result;
}

Activation activation(const JsonField& field) {
  return field.one_of({"relu", "leaky_relu"}) == "relu" ? Activation::kRelu
                                                        : Activation::kLeakyRelu;
}

double eps(const JsonField& field) {
  const double value = field.number(0, 1);
  field.require(value > 0, "a number above 0");
  return value;
}

UnetOptions unet_options(const JsonField& field) {
  field.only({"in_channels", "out_channels", "widths", "up_mode", "batch_norm", "input_batch_norm",
              "padding", "pooling", "activation", "batch_norm_eps", "convolution_widths"});
  UnetOptions options;
  options.in_channels = channels(field.at("in_channels"));
  options.out_channels = channels(field.at("out_channels"));
  options.widths = widths(field.at("widths"));
  if (field.has("convolution_widths")) {
    options.convolution_widths = convolution_widths(field.at("convolution_widths"), options.widths);
  }
  options.bilinear = field.at("up_mode").one_of({"upconv", "upsample"}) == "upsample";
  options.batch_norm = field.at("batch_norm").boolean();
  options.input_batch_norm = field.at("input_batch_norm").boolean();
  options.padding = field.at("padding").boolean();
  options.max_pooling = field.at("pooling").one_of({"average", "max"}) == "max";
  options.activation = activation(field.at("activation"));
  options.batch_norm_eps = eps(field.at("batch_norm_eps"));
  return options;
}

ClassifierOptions classifier_options(const JsonField& field) {
  field.only({"out_channels", "widths", "tail_batch_norm", "crop", "activation", "batch_norm_eps"});
  ClassifierOptions options;
  options.out_channels = channels(field.at("out_channels"));
  options.widths = widths(field.at("widths"));
  options.tail_batch_norm = field.at("tail_batch_norm").boolean();
  const std::vector<JsonField> crop = field.at("crop").items();
  field.at("crop").require(crop.size() == 3, "three numbers: slices, rows, columns");
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t least = std::int64_t{1} << options.widths.size();
    options.crop[axis] = static_cast<int>(crop[axis].integer(least, kMostVoxels * 4));
  }
  options.activation = activation(field.at("activation"));
  options.batch_norm_eps = eps(field.at("batch_norm_eps"));
  return options;
}

}  // namespace

const std::vector<float>& Tensors::take(const std::string& name,
                                        const std::vector<std::int64_t>& shape) {
  const auto found = file_.tensors.find(name);
  if (found == file_.tensors.end()) {
    throw Error(ErrorCode::kBadBundle, where_ + ": tensor '" + name + "' is missing");
  }
  if (found->second.shape != shape) {
    throw Error(ErrorCode::kBadBundle, where_ + ": tensor '" + name + "' has the shape " +
                                           shape_text(found->second.shape) + ", expected " +
                                           shape_text(shape) + " for the network's options");
  }
  taken_.push_back(name);
  return found->second.values;
}

void Tensors::require_all_taken() const {
  std::vector<std::string> left;
  for (const auto& [name, tensor] : file_.tensors) {
    if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) left.push_back(name);
  }
  if (left.empty()) return;
  throw Error(ErrorCode::kBadBundle,
              where_ + ": tensors that are not part of a network with these options: " +
                  text::listed(left, ", "));
}

NetworkFile read_network_file(const std::filesystem::path& file) {
  return parse_network_file(read_safetensors(file), file.string());
}

NetworkFile parse_network_file(Safetensors stored, const std::string& where) {
  if (metadata(stored, "format", where) != kFormat) {
    throw Error(ErrorCode::kBadBundle,
                where + ": its format is '" + stored.metadata["format"] + "', expected " + kFormat);
  }
  const std::string version = metadata(stored, "format_version", where);
  if (version != kVersion) {
    throw Error(ErrorCode::kUnsupportedVersion,
                where + ": format_version is '" + version + "', this lungrt reads " + kVersion +
                    "; upgrade lungrt, or export the checkpoint again");
  }
  const std::string architecture = metadata(stored, "lungrt.architecture", where);
  const std::string place = where + ", lungrt.options";
  const JsonDocument document(metadata(stored, "lungrt.options", where), place);
  const JsonField options = document.root();
  if (architecture == "unet") {
    return {unet_options(options), Tensors(std::move(stored), where)};
  }
  if (architecture == "classifier3d") {
    return {classifier_options(options), Tensors(std::move(stored), where)};
  }
  throw Error(ErrorCode::kUnsupportedVersion,
              where + ": the native engine does not support architecture '" + architecture +
                  "', only unet and classifier3d; use another engine");
}

BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, int channels, double eps) {
  const std::vector<std::int64_t> shape{channels};
  const std::vector<float>& weight = tensors.take(name + ".weight", shape);
  const std::vector<float>& bias = tensors.take(name + ".bias", shape);
  const std::vector<float>& mean = tensors.take(name + ".running_mean", shape);
  const std::vector<float>& variance = tensors.take(name + ".running_var", shape);
  BatchNorm norm;
  for (std::size_t c = 0; c < weight.size(); ++c) {
    const double scale = weight[c] / std::sqrt(variance[c] + eps);
    norm.scale.push_back(static_cast<float>(scale));
    norm.shift.push_back(static_cast<float>(bias[c] - mean[c] * scale));
  }
  return norm;
}

BatchNorm identity_norm(int channels) {
  const auto count = static_cast<std::size_t>(channels);
  return {std::vector<float>(count, 1.0F), std::vector<float>(count, 0.0F)};
}

}  // namespace lungrt::native
