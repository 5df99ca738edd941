#include "core/bundle/compiled_record.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "core/bundle/json_field.h"
#include "core/bundle/read_file.h"
#include "core/bundle/strict_json.h"
#include "lungrt/compiled.h"
#include "lungrt/error.h"
#include "lungrt/version.h"

namespace lungrt {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kMostItems = 1024;
constexpr std::int64_t kMostPixels = 16384;  // a padded slice with its halo

// Values of "layout" and "dtype".
constexpr const char* kChannelsFirst = "planes";
constexpr const char* kChannelsLast = "interleaved";
constexpr const char* kFloat = "float32";

BundleFile to_file(const JsonField& field, const char* name) {
  field.only({"file", "sha256", "bytes"});
  return {field.at("file").one_of({name}), field.at("sha256").sha256(),
          field.at("bytes").integer(1, std::numeric_limits<std::int64_t>::max())};
}

std::vector<std::int64_t> read_shape(const JsonField& field) {
  std::vector<std::int64_t> shape;
  for (const JsonField& size : field.items()) shape.push_back(size.integer(1, kMostPixels));
  return shape;
}

/// Checks the shapes against the stage's input contract; batch and size are fixed in the record.
void check_shapes(const CompiledRecord& record, const StageManifest& stage, const JsonField& input,
                  const JsonField& output) {
  const InputContract& contract = stage.input;
  const std::vector<std::int64_t>& in = record.input_shape;
  const auto classes = static_cast<std::int64_t>(stage.classes.size());
  input.require(!in.empty() && in[0] <= kMostItems,
                "a batch of at most " + std::to_string(kMostItems));
  std::vector<std::int64_t> expected_output{in[0], classes};
  if (stage.kind == StageKind::kSegmentation) {
    const auto fits = [&](std::int64_t size) {
      const std::int64_t inner = size - 2 * contract.halo;
      return inner > 0 && inner % contract.size_multiple == 0;
    };
    input.require(
        in.size() == 4 && in[1] == 2 * contract.context_slices + 1 && fits(in[2]) && fits(in[3]),
        "[batch, channels, height, width] of the bundle's input contract");
    expected_output.push_back(in[2] - 2 * contract.halo);
    expected_output.push_back(in[3] - 2 * contract.halo);
  } else {
    const std::vector<std::int64_t> expected_input{in[0], 1, contract.crop[0], contract.crop[1],
                                                   contract.crop[2]};
    input.require(in == expected_input, "[batch, 1, slices, rows, columns] of the bundle's crop");
  }
  output.require(record.output_shape == expected_output, "the output shape for that input shape");
}

}  // namespace

CompiledRecord read_compiled_record(const std::filesystem::path& file, const StageManifest& stage) {
  return parse_compiled_record(read_file(file, kMostJsonBytes), file.string(), stage);
}

CompiledRecord parse_compiled_record(std::string_view text, const std::string& where,
                                     const StageManifest& stage) {
  const JsonDocument parsed(text, where);
  const JsonField document = parsed.root();
  // Checked first, because another version may have other fields.
  const std::int64_t version =
      document.at("format_version").integer(0, std::numeric_limits<std::int32_t>::max());
  if (version != kVersion) {
    throw Error(ErrorCode::kUnsupportedVersion,
                where + ": format_version is " + std::to_string(version) +
                    ", but this lungrt supports " + std::to_string(kVersion));
  }
  document.only({"format_version", "lungrt_version", "runtime", "cpu", "checkpoint_sha256",
                 "weights_sha256", "input", "output", "model", "golden"});
  document.at("lungrt_version").text();

  CompiledRecord record;
  record.runtime = document.at("runtime").text();
  const JsonField cpu = document.at("cpu").only({"model", "digest", "capability"});
  record.cpu_model = cpu.at("model").text();
  record.cpu_digest = cpu.at("digest").sha256();
  record.cpu_capability = cpu.at("capability").text();
  record.checkpoint_sha256 = document.at("checkpoint_sha256").sha256();
  record.weights_sha256 = document.at("weights_sha256").sha256();

  const JsonField input = document.at("input").only({"shape", "layout", "dtype"});
  record.input_shape = read_shape(input.at("shape"));
  record.channels_last =
      input.at("layout").one_of({kChannelsFirst, kChannelsLast}) == kChannelsLast;
  input.at("dtype").one_of({kFloat});
  const JsonField output = document.at("output").only({"shape", "layout", "dtype"});
  record.output_shape = read_shape(output.at("shape"));
  output.at("layout").one_of({kChannelsFirst});
  output.at("dtype").one_of({kFloat});
  check_shapes(record, stage, input.at("shape"), output.at("shape"));

  record.model = to_file(document.at("model"), kCompiledCode);
  record.golden = to_file(document.at("golden"), kCompiledGolden);
  return record;
}

std::string to_text(const CompiledRecord& record) {
  using Json = nlohmann::ordered_json;
  const auto tensor = [](const std::vector<std::int64_t>& shape, const char* layout) {
    return Json{{"shape", shape}, {"layout", layout}, {"dtype", kFloat}};
  };
  const auto file = [](const BundleFile& entry) {
    return Json{{"file", entry.file}, {"sha256", entry.sha256}, {"bytes", entry.bytes}};
  };
  const Json document{
      {"format_version", kVersion},
      {"lungrt_version", LUNGRT_VERSION},
      {"runtime", record.runtime},
      {"cpu",
       {{"model", record.cpu_model},
        {"digest", record.cpu_digest},
        {"capability", record.cpu_capability}}},
      {"checkpoint_sha256", record.checkpoint_sha256},
      {"weights_sha256", record.weights_sha256},
      {"input", tensor(record.input_shape, record.channels_last ? kChannelsLast : kChannelsFirst)},
      {"output", tensor(record.output_shape, kChannelsFirst)},
      {"model", file(record.model)},
      {"golden", file(record.golden)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lungrt
