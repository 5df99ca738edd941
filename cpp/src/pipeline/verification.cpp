#include "lungrt/verification.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "core/bundle/bundle.h"
#include "core/bundle/compiled.h"
#include "core/bundle/golden_tensor.h"
#include "core/bundle/manifest.h"
#include "core/text.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"
#include "lungrt/stage_network.h"

namespace lungrt {
namespace {

/// lungrt's engines as runtimes.
std::vector<VerificationRuntime> engine_runtimes(int threads) {
  std::vector<VerificationRuntime> runtimes;
  for (const EngineInfo& engine : engines()) {
    VerificationRuntime runtime{engine.name,    engine.artifact_format,
                                engine.version, engine.available ? "" : engine.reason,
                                true,           {}};
    runtime.open = [name = engine.name, threads](const GoldenNetwork& network) -> GoldenRun {
      PipelineOptions how;
      how.engine = name;
      how.threads = threads;
      const auto opened =
          std::make_shared<StageNetwork>(network.bundle, network.stage, how, network.member);
      return [opened](const GoldenTensor& input) {
        GoldenTensor output{opened->output_shape(input.shape), {}};
        output.values.resize(static_cast<std::size_t>(elements(output)));
        opened->run(input.values.data(), input.shape, output.values.data());
        return output;
      };
    };
    runtimes.push_back(std::move(runtime));
  }
  return runtimes;
}

/// A network with what it is verified by.
struct Case {
  const StageManifest& stage;
  const BundleNetwork& network;
  std::vector<Golden> goldens;
  bool compiled = false;  ///< whether it was compiled on this machine

  /// The goldens that a format can run. Compiled code accepts no other sizes than its own, and each
  /// size has a golden of its own.
  std::vector<Golden> goldens_of(const Bundle& bundle, const std::string& format) const {
    if (format != kCompiledFormat) return goldens;
    const std::vector<Golden> own = compiled_goldens(bundle, stage, network);
    const auto size = [](const Golden& golden) {
      const std::vector<std::int64_t>& shape = golden.input.shape;
      return std::vector<std::int64_t>(shape.begin() + (shape.empty() ? 0 : 1), shape.end());
    };
    std::set<std::vector<std::int64_t>> sizes;
    for (const Golden& golden : own) sizes.insert(size(golden));
    std::vector<Golden> found;
    for (const Golden& golden : goldens) {
      if (sizes.count(size(golden)) != 0) found.push_back(golden);
    }
    found.insert(found.end(), own.begin(), own.end());
    return found;
  }

  bool has(const std::string& format) const {
    return format == kCompiledFormat ? compiled : network.artifacts.count(format) != 0;
  }

  GoldenNetwork in(const Bundle& bundle, const std::string& format) const {
    const std::filesystem::path file = format == kCompiledFormat
                                           ? compiled_folder(bundle, stage.kind, network.member)
                                           : bundle.file(network.artifacts.at(format), false);
    return {bundle.folder().string(), to_string(stage.kind), network.member, file.string(),
            stage.input.name,         stage.output_name};
  }
};

std::vector<Case> cases_of(const Bundle& bundle) {
  std::vector<Case> cases;
  for (const auto& [kind, stage] : bundle.stages()) {
    for (const BundleNetwork& network : stage.networks) {
      Case one{stage, network, {}, is_compiled(bundle, kind, network.member)};
      for (const BundleFile& file : network.goldens) {
        for (Golden& golden : read_goldens(bundle.file(file, false).string())) {
          one.goldens.push_back(std::move(golden));
        }
      }
      if (one.goldens.empty()) {
        throw Error(ErrorCode::kBadBundle, bundle.folder().string() + ": network " +
                                               std::to_string(network.member) + " of " +
                                               to_string(kind) +
                                               " has no goldens, so it cannot be verified; "
                                               "export it again");
      }
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

std::vector<std::string> wanted_formats(const Bundle& bundle, const std::vector<Case>& cases,
                                        const std::vector<std::string>& asked) {
  std::set<std::string> present;
  for (const Case& one : cases) {
    for (const auto& [format, file] : one.network.artifacts) present.insert(format);
    if (one.has(kCompiledFormat)) present.insert(kCompiledFormat);
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

std::vector<VerificationRuntime> asked_runtimes(const Bundle& bundle,
                                                const std::vector<std::string>& formats,
                                                std::vector<VerificationRuntime> runtimes) {
  std::vector<VerificationRuntime> asked;
  std::string reasons;
  bool any = false;
  for (VerificationRuntime& runtime : runtimes) {
    if (std::find(formats.begin(), formats.end(), runtime.format) == formats.end()) continue;
    if (!runtime.missing.empty()) reasons += (reasons.empty() ? ": " : "; ") + runtime.missing;
    any = any || runtime.missing.empty();
    asked.push_back(std::move(runtime));
  }
  if (any) return asked;
  throw Error(ErrorCode::kEngineUnavailable, bundle.folder().string() +
                                                 ": no available runtime runs its artifacts (" +
                                                 text::listed(formats, ", ") + ")" + reasons);
}

/// Replays the goldens of a network in a runtime.
void verify(const Bundle& bundle, const Case& one, const VerificationRuntime& runtime,
            const std::function<bool()>& cancelled, std::vector<VerifiedGolden>& rows) {
  const StageManifest& stage = one.stage;
  const ComparisonRule rule{static_cast<std::int64_t>(stage.classes.size()),
                            stage.output_kind == OutputKind::kLogits, stage.threshold,
                            stage.tolerance.absolute, stage.tolerance.decision_band};
  VerifiedGolden blank;
  blank.stage = to_string(stage.kind);
  blank.member = one.network.member;
  blank.engine = runtime.name;
  blank.version = runtime.version;
  blank.absolute = rule.absolute;
  blank.decision_band = rule.decision_band;
  if (!runtime.missing.empty()) {
    blank.skipped = runtime.missing;
    rows.push_back(blank);
    return;
  }
  // A failure of a runtime, or of what the user's cache holds for it, is a result and does not end
  // the verification of the others.
  std::vector<Golden> goldens;
  try {
    goldens = one.goldens_of(bundle, runtime.format);
  } catch (const Error& error) {
    blank.problem = std::string("the goldens cannot be read: ") + error.what();
    rows.push_back(blank);
    return;
  }
  GoldenRun run;
  std::string problem;
  try {
    run = runtime.open(one.in(bundle, runtime.format));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    problem = std::string("cannot be opened: ") + error.what();
  }
  for (std::size_t n = 0; n < goldens.size(); ++n) {
    if (cancelled && cancelled()) {
      throw Error(ErrorCode::kCancelled, "cancelled while the goldens were being replayed");
    }
    VerifiedGolden row = blank;
    row.golden = "golden " + std::to_string(n);
    if (problem.empty()) {
      row = replay(run, goldens[n], rule, runtime.gives_probabilities, std::move(row));
    } else {
      row.shape = goldens[n].input.shape;
      row.problem = problem;
    }
    rows.push_back(std::move(row));
  }
}

}  // namespace

bool VerifiedGolden::failed() const {
  if (!comparison) return skipped.empty();
  return comparison->max_absolute > absolute || comparison->flips_outside_band > 0;
}

VerifiedGolden replay(const GoldenRun& run, const Golden& golden, const ComparisonRule& rule,
                      bool gives_probabilities, VerifiedGolden row) {
  if (!run) throw Error(ErrorCode::kInvalidArgument, "there is no network to replay a golden in");
  row.shape = golden.input.shape;
  row.absolute = rule.absolute;
  row.decision_band = rule.decision_band;
  for (const GoldenTensor* tensor : {&golden.input, &golden.output}) {
    const std::string found = not_finite(*tensor);
    if (found.empty()) continue;
    row.problem =
        "the golden has " + found + ", so nothing can be compared; export the bundle again";
    return row;
  }
  try {
    const GoldenTensor output = run(golden.input);
    if (output.shape != golden.output.shape) {
      row.problem = "output shape " + text::bracketed(output.shape) + ", expected " +
                    text::bracketed(golden.output.shape);
    } else if (const std::string found = not_finite(output); !found.empty()) {
      row.problem = "the output has " + found;
    } else {
      row.comparison = compare(output, golden.output, rule, gives_probabilities);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    row.problem = std::string("failed: ") + error.what();
  }
  return row;
}

std::vector<VerifiedGolden> verify_bundle(const std::string& folder,
                                          const VerificationOptions& options) {
  const Bundle bundle = Bundle::open(folder);
  bundle.check_files();
  const std::vector<Case> cases = cases_of(bundle);
  const std::vector<std::string> formats = wanted_formats(bundle, cases, options.formats);
  const std::vector<VerificationRuntime> asked = asked_runtimes(
      bundle, formats, options.runtimes ? *options.runtimes : engine_runtimes(options.threads));
  std::vector<VerifiedGolden> rows;
  std::int64_t done = 0;
  const auto total = static_cast<std::int64_t>(cases.size() * asked.size());
  for (const Case& one : cases) {
    for (const VerificationRuntime& runtime : asked) {
      if (one.has(runtime.format)) verify(bundle, one, runtime, options.cancelled, rows);
      if (options.progress) options.progress(++done, total);
    }
  }
  return rows;
}

std::string read_manifest(const std::string& folder) {
  const std::string text = manifest_text(folder);
  parse_manifest(text, manifest_file(folder).string());
  return text;
}

std::vector<std::string> listed_files(const std::string& folder) {
  const std::filesystem::path file = manifest_file(folder);
  std::vector<std::string> found = files_listed_in(manifest_text(folder), file.string());
  found.push_back(file.filename().string());
  return found;
}

void check_bundle(const std::string& folder) { Bundle::open(folder).check_files(); }

}  // namespace lungrt
