#include "core/bundle/manifest.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/bundle/json_field.h"
#include "core/bundle/strict_json.h"
#include "core/receptive_field.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

using nlohmann::json;

// Beyond any sensible network; these limits keep later arithmetic far from overflow.
constexpr std::int64_t kMaxContextSlices = 256;
constexpr std::int64_t kMaxPixels = 4096;
constexpr double kMaxFloat = std::numeric_limits<float>::max();

std::int64_t format_version(const JsonField& document) {
  return document.at("format_version")
      .integer(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
}

void require_supported_version(const JsonField& document, const std::string& file) {
  const std::int64_t version = format_version(document);
  if (version >= 1 && version <= kBundleFormatVersion) return;
  const std::string supported =
      kBundleFormatVersion == 1 ? "1" : "1 to " + std::to_string(kBundleFormatVersion);
  const bool newer = version > kBundleFormatVersion;
  throw Error(ErrorCode::kUnsupportedVersion,
              file + ": format_version is " + std::to_string(version) +
                  ", but this lungrt supports " + supported +
                  (newer ? "; a newer lungrt wrote the bundle: upgrade lungrt, or export the "
                           "checkpoints again with this version"
                         : "; export the checkpoints again"));
}

/// A relative path with '/' whose parts are neither empty nor '.' nor '..'.
std::string path_inside(const JsonField& field) {
  const std::string path = field.text();
  bool valid = path.find_first_of("\\:") == std::string::npos;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    valid = valid && !part.empty() && part != "." && part != "..";
    begin = end + 1;
  }
  field.require(valid, "a relative path with '/' that stays inside the bundle");
  return path;
}

BundleFile parse_file(const JsonField& field) {
  field.only({"file", "sha256", "bytes", "made_with", "description", "metadata"});
  BundleFile result;
  result.file = path_inside(field.at("file"));
  result.sha256 = field.at("sha256").sha256();
  result.bytes = field.at("bytes").integer(1, std::numeric_limits<std::int64_t>::max());
  if (field.has("made_with")) field.at("made_with").text();
  return result;
}

std::optional<std::int64_t> receptive_radius_of_unet(const json& options) {
  constexpr std::size_t kMostLevels = 16;
  const auto widths = options.find("widths"), up_mode = options.find("up_mode");
  if (widths == options.end() || !widths->is_array() || up_mode == options.end()) {
    return std::nullopt;
  }
  if (widths->empty() || widths->size() > kMostLevels) return std::nullopt;
  return unet_receptive_radius(static_cast<std::int64_t>(widths->size()), *up_mode != "upconv");
}

BundleNetwork parse_network(const JsonField& field) {
  field.only({"architecture", "options", "inferred", "checkpoint", "artifacts", "goldens",
              "description", "metadata"});
  BundleNetwork network;
  network.architecture = field.at("architecture").text();
  // Options and inferred are informative: their form is checked, but not their content. Only the
  // receptive field of a U-Net is derived from its options; if that fails, slices are segmented
  // whole.
  field.at("options").members();
  if (network.architecture == "unet")
    network.receptive_radius = receptive_radius_of_unet(field.at("options").value());
  for (const JsonField& option : field.at("inferred").items()) option.text();
  const JsonField checkpoint = field.at("checkpoint");
  checkpoint.only({"sha256", "description", "metadata"});
  network.checkpoint_sha256 = checkpoint.at("sha256").sha256();
  if (checkpoint.has("metadata")) checkpoint.at("metadata").members();
  // Unknown formats are accepted: they may be for a newer engine.
  for (const auto& [format, artifact] : field.at("artifacts").members()) {
    network.artifacts[format] = parse_file(artifact);
  }
  field.at("artifacts").require(!network.artifacts.empty(), "at least one artifact");
  for (const JsonField& golden : field.at("goldens").items()) {
    network.goldens.push_back(parse_file(golden));
  }
  return network;
}

/// Requires the shape that the manifest must state, e.g. ["batch", 7, "height", "width"]. 7.0 is
/// not 7, as it is not for any other whole number.
void require_shape(const JsonField& field, const json& expected, const std::string& reason) {
  field.require(field.equals(expected), expected.dump() + reason);
}

/// Adds the paths of all file entries in a value.
void collect_files(const json& value, std::set<std::string>& found) {
  if (value.is_object()) {
    const auto file = value.find("file");
    if (file != value.end() && file->is_string()) found.insert(file->get<std::string>());
  }
  if (value.is_structured()) {
    for (const json& member : value) collect_files(member, found);
  }
}

InputContract parse_input(const JsonField& field, StageKind kind) {
  const bool segmentation = kind == StageKind::kSegmentation;
  if (segmentation) {
    field.only({"name", "dtype", "shape", "hu_window", "scale", "offset", "context_slices",
                "size_multiple", "halo", "spacing_mm", "description", "metadata"});
  } else {
    field.only({"name", "dtype", "shape", "hu_window", "scale", "offset", "crop", "spacing_mm",
                "description", "metadata"});
  }
  InputContract input;
  input.name = field.at("name").text();
  field.at("dtype").one_of({"float32"});

  const JsonField window = field.at("hu_window");
  const std::vector<JsonField> bounds = window.items();
  window.require(bounds.size() == 2, "two numbers: lowest and highest Hounsfield unit");
  for (std::size_t i = 0; i < 2; ++i) {
    input.hu_window[i] = static_cast<float>(bounds[i].number(-kMaxFloat, kMaxFloat));
  }
  window.require(input.hu_window[0] < input.hu_window[1], "the lower number first");
  input.scale = static_cast<float>(field.at("scale").number(-kMaxFloat, kMaxFloat));
  field.at("scale").require(input.scale != 0.0F, "a number other than 0");
  input.offset = static_cast<float>(field.at("offset").number(-kMaxFloat, kMaxFloat));
  field.at("spacing_mm")
      .require(field.at("spacing_mm").value().is_null(),
               "null: this lungrt does not resample voxels");

  if (segmentation) {
    input.context_slices = field.at("context_slices").integer(0, kMaxContextSlices);
    input.size_multiple = field.at("size_multiple").integer(1, kMaxPixels);
    input.halo = field.at("halo").integer(0, kMaxPixels);
    const std::int64_t channels = 2 * input.context_slices + 1;
    require_shape(field.at("shape"), json::array({"batch", channels, "height", "width"}),
                  ": channels are 2 * context_slices + 1");
  } else {
    const std::vector<JsonField> sides = field.at("crop").items();
    field.at("crop").require(sides.size() == 3, "three numbers: slices, rows, columns");
    for (std::size_t i = 0; i < 3; ++i) input.crop[i] = sides[i].integer(1, kMaxPixels);
    require_shape(field.at("shape"),
                  json::array({"batch", 1, input.crop[0], input.crop[1], input.crop[2]}),
                  ": one channel and the crop");
  }
  return input;
}

std::vector<std::string> parse_classes(const JsonField& field, StageKind kind) {
  const json segmentation = json::array({"nodule"});
  const json nodule = json::array({"non-nodule", "nodule"});
  const json nodule_of_three = json::array({"non-nodule", "benign", "malignant"});
  const json malignancy = json::array({"benign", "malignant"});
  const json& classes = field.value();
  switch (kind) {
    case StageKind::kSegmentation:
      field.require(classes == segmentation, segmentation.dump());
      break;
    case StageKind::kNodule:
      field.require(classes == nodule || classes == nodule_of_three,
                    nodule.dump() + " or " + nodule_of_three.dump());
      break;
    case StageKind::kMalignancy:
      field.require(classes == malignancy, malignancy.dump());
      break;
  }
  return classes.get<std::vector<std::string>>();
}

/// Tolerance on the CPU; the form of those of other devices is checked as well.
Tolerance parse_tolerance(const JsonField& field) {
  field.only({"cpu", "cuda"});
  std::map<std::string, Tolerance> found;
  for (const auto& [device, tolerance] : field.members()) {
    tolerance.only({"absolute", "decision_band"});
    found[device] = {tolerance.at("absolute").number(0, kMaxFloat),
                     tolerance.at("decision_band").number(0, kMaxFloat)};
  }
  field.at("cpu");
  return found["cpu"];
}

StageManifest parse_stage(const JsonField& field, StageKind kind) {
  field.only({"input", "output", "classes", "threshold", "tolerance", "networks", "description",
              "metadata"});
  StageManifest stage;
  stage.kind = kind;
  stage.input = parse_input(field.at("input"), kind);
  stage.classes = parse_classes(field.at("classes"), kind);

  const JsonField output = field.at("output");
  output.only({"name", "kind", "shape", "description", "metadata"});
  stage.output_name = output.at("name").text();
  stage.output_kind = output.at("kind").one_of({"probability", "logits"}) == "logits"
                          ? OutputKind::kLogits
                          : OutputKind::kProbability;
  json shape = json::array({"batch", stage.classes.size()});
  if (kind == StageKind::kSegmentation) shape.insert(shape.end(), {"height", "width"});
  require_shape(output.at("shape"), shape, ": one channel per class");

  stage.threshold = field.at("threshold").number(0, 1);
  stage.tolerance = parse_tolerance(field.at("tolerance"));
  for (const JsonField& network : field.at("networks").items()) {
    stage.networks.push_back(parse_network(network));
    stage.networks.back().member = static_cast<int>(stage.networks.size()) - 1;
  }
  field.at("networks").require(!stage.networks.empty(), "at least one network");
  return stage;
}

}  // namespace

std::map<StageKind, StageManifest> parse_manifest(const std::string& text,
                                                  const std::string& file) {
  const JsonDocument parsed(text, file);
  const JsonField document = parsed.root();
  require_supported_version(document, file);  // first, because a newer version may add fields
  document.only(
      {"format_version", "lungrt_version", "created", "stages", "description", "metadata"});
  document.at("lungrt_version").text();
  document.at("created").text();

  const JsonField field = document.at("stages");
  field.only({"segmentation", "nodule", "malignancy"});
  std::map<StageKind, StageManifest> stages;
  for (const StageKind kind :
       {StageKind::kSegmentation, StageKind::kNodule, StageKind::kMalignancy}) {
    if (field.has(to_string(kind))) stages[kind] = parse_stage(field.at(to_string(kind)), kind);
  }
  field.require(!stages.empty(), "at least one of segmentation, nodule, malignancy");
  const auto nodule = stages.find(StageKind::kNodule);
  if (nodule != stages.end() && nodule->second.classes.size() == 3 &&
      stages.count(StageKind::kMalignancy) != 0) {
    throw Error(ErrorCode::kBadBundle,
                file +
                    ": stages.nodule.classes already includes benign and malignant, so the bundle "
                    "must not have a malignancy stage as well; export one or the other");
  }
  return stages;
}

std::vector<std::string> files_listed_in(const std::string& text, const std::string& file) {
  const JsonDocument parsed(text, file);
  format_version(parsed.root());
  std::set<std::string> found;
  const auto stages = parsed.root().value().find("stages");
  if (stages != parsed.root().value().end()) collect_files(*stages, found);
  return {found.begin(), found.end()};
}

}  // namespace lungrt
