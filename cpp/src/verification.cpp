#include "lungrt/verification.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "core/bundle/bundle.h"
#include "core/bundle/compiled.h"
#include "core/bundle/safetensors.h"
#include "core/text.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"
#include "lungrt/stage_network.h"
#include "parity.h"

namespace lungrt {
namespace {

struct Golden {
  StoredTensor input;
  StoredTensor output;
};

std::vector<Golden> read_goldens(const Bundle& bundle, const BundleNetwork& network) {
  std::vector<Golden> goldens;
  for (const BundleFile& file : network.goldens) {
    const std::filesystem::path path = bundle.file(file, false);  // its hash was checked before
    const Safetensors content = read_safetensors(path);
    for (std::size_t n = 0; content.tensors.count("input_" + std::to_string(n)) != 0; ++n) {
      const auto output = content.tensors.find("output_" + std::to_string(n));
      const StoredTensor& input = content.tensors.at("input_" + std::to_string(n));
      if (output == content.tensors.end() || input.values.empty()) {
        throw Error(ErrorCode::kBadBundle, path.string() + ": tensor input_" + std::to_string(n) +
                                               " has no values or no matching output_" +
                                               std::to_string(n) + "; export the bundle again");
      }
      goldens.push_back({input, output->second});
    }
  }
  return goldens;
}

void check_files(const Bundle& bundle) {
  for (const auto& [kind, stage] : bundle.stages()) {
    for (const BundleNetwork& network : stage.networks) {
      for (const auto& [format, file] : network.artifacts) bundle.file(file, true);
      for (const BundleFile& file : network.goldens) bundle.file(file, true);
    }
  }
}

std::vector<std::string> wanted_formats(const Bundle& bundle, std::vector<std::string> asked) {
  std::set<std::string> present;
  for (const auto& [kind, stage] : bundle.stages()) {
    for (const BundleNetwork& network : stage.networks) {
      for (const auto& [format, file] : network.artifacts) present.insert(format);
    }
  }
  if (asked.empty()) return {present.begin(), present.end()};
  for (const std::string& format : asked) {
    if (present.count(format) != 0) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "no artifact has format '" + format + "': " + bundle.folder().string() +
                    " has only " + text::listed({present.begin(), present.end()}, ", "));
  }
  return asked;
}

std::vector<EngineInfo> asked_engines(const Bundle& bundle,
                                      const std::vector<std::string>& formats) {
  std::vector<EngineInfo> asked;
  for (EngineInfo& engine : engines()) {
    const auto found = std::find(formats.begin(), formats.end(), engine.artifact_format);
    if (found != formats.end() && engine.artifact_format != kCompiledFormat) {
      asked.push_back(std::move(engine));
    }
  }
  if (std::any_of(asked.begin(), asked.end(), [](const auto& one) { return one.available; })) {
    return asked;
  }
  std::string reasons;
  for (const EngineInfo& engine : asked) reasons += (reasons.empty() ? ": " : "; ") + engine.reason;
  throw Error(ErrorCode::kEngineUnavailable, bundle.folder().string() +
                                                 ": no available engine runs its artifacts (" +
                                                 text::listed(formats, ", ") + ")" + reasons);
}

/// Describes values that are not finite.
/// \return empty if all values are finite
std::string unusable(const std::vector<float>& values) {
  const auto count =
      std::count_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (count == 0) return "";
  return std::to_string(count) + " of " + std::to_string(values.size()) + " values NaN or infinite";
}

/// Runs a golden's input and compares the output.
void replay(const StageNetwork& network, const Golden& golden, const StageManifest& stage,
            VerifiedGolden& row) {
  for (const std::vector<float>* values : {&golden.input.values, &golden.output.values}) {
    const std::string found = unusable(*values);
    if (found.empty()) continue;
    row.problem = "has " + found + ", so it cannot be compared; export the bundle again";
    return;
  }
  const std::vector<std::int64_t> shape = network.output_shape(golden.input.shape);
  if (shape != golden.output.shape) {
    row.problem = "the shape of the engine's output differs from that of the golden output";
    return;
  }
  std::vector<float> output(golden.output.values.size());
  network.run(golden.input.values.data(), golden.input.shape, output.data());
  const std::string found = unusable(output);
  if (!found.empty()) {
    row.problem = "the output has " + found;
    return;
  }
  const std::int64_t classes = shape[1];
  std::int64_t inner = 1;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) inner *= shape[axis];
  row.comparison = compare(
      as_probabilities(output, OutputKind::kProbability, classes, inner),
      as_probabilities(golden.output.values, stage.output_kind, classes, inner), stage, inner);
}

/// Verification of one network on one engine.
class NetworkInEngine {
 public:
  NetworkInEngine(const Bundle& bundle, const StageManifest& stage, const BundleNetwork& network,
                  const EngineInfo& engine)
      : bundle_(bundle), stage_(stage), engine_(engine) {
    blank_.stage = to_string(stage.kind);
    blank_.member = network.member;
    blank_.engine = engine.name;
    blank_.version = engine.version;
    blank_.absolute = stage.tolerance.absolute;
    blank_.decision_band = stage.tolerance.decision_band;
  }

  void verify(const std::vector<Golden>& goldens, const VerificationOptions& options,
              std::vector<VerifiedGolden>& rows) const {
    if (!engine_.available) {
      rows.push_back(blank_);
      rows.back().skipped = engine_.reason;
      return;
    }
    const std::size_t first = rows.size();
    for (std::size_t n = 0; n < goldens.size(); ++n) {
      rows.push_back(blank_);
      rows.back().golden = "golden " + std::to_string(n);
      rows.back().shape = goldens[n].input.shape;
    }
    // A failure of an engine is a result and does not end the verification of the others.
    try {
      PipelineOptions how;
      how.engine = engine_.name;
      how.threads = options.threads;
      const StageNetwork network(bundle_.folder().string(), blank_.stage, how, blank_.member);
      for (std::size_t n = 0; n < goldens.size(); ++n) {
        if (options.cancelled && options.cancelled()) {
          throw Error(ErrorCode::kCancelled, "cancelled while the goldens were being replayed");
        }
        replay_one(network, goldens[n], rows[first + n]);
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      for (std::size_t n = first; n < rows.size(); ++n) {
        rows[n].problem = std::string("cannot be opened: ") + error.what();
      }
    }
  }

 private:
  void replay_one(const StageNetwork& network, const Golden& golden, VerifiedGolden& row) const {
    try {
      replay(network, golden, stage_, row);
    } catch (const Error& error) {
      row.problem = std::string("failed: ") + error.what();
    }
  }

  const Bundle& bundle_;
  const StageManifest& stage_;
  const EngineInfo& engine_;
  VerifiedGolden blank_;
};

}  // namespace

bool VerifiedGolden::failed() const {
  if (!comparison) return skipped.empty();
  return comparison->max_absolute > absolute || comparison->flips_outside_band > 0;
}

std::vector<VerifiedGolden> verify_bundle(const std::string& folder,
                                          const VerificationOptions& options) {
  const Bundle bundle = Bundle::open(folder);
  check_files(bundle);
  const std::vector<EngineInfo> asked =
      asked_engines(bundle, wanted_formats(bundle, options.formats));
  std::vector<VerifiedGolden> rows;
  std::int64_t done = 0, total = 0;
  for (const auto& [kind, stage] : bundle.stages()) {
    total += static_cast<std::int64_t>(stage.networks.size() * asked.size());
  }
  for (const auto& [kind, stage] : bundle.stages()) {
    for (const BundleNetwork& network : stage.networks) {
      const std::vector<Golden> goldens = read_goldens(bundle, network);
      if (goldens.empty()) {
        throw Error(ErrorCode::kBadBundle, bundle.folder().string() + ": network " +
                                               std::to_string(network.member) + " of " +
                                               to_string(kind) +
                                               " has no goldens, so it cannot be verified; "
                                               "export it again");
      }
      for (const EngineInfo& engine : asked) {
        if (network.artifacts.count(engine.artifact_format) != 0) {
          NetworkInEngine(bundle, stage, network, engine).verify(goldens, options, rows);
        }
        if (options.progress) options.progress(++done, total);
      }
    }
  }
  return rows;
}

std::string read_manifest(const std::string& folder) {
  const Bundle bundle = Bundle::open(folder);
  std::ifstream stream(bundle.folder() / "manifest.json", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void check_bundle(const std::string& folder) { check_files(Bundle::open(folder)); }

}  // namespace lungrt
