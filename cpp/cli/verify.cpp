/// `lungrt-native verify`: replays a bundle's goldens on every available engine.

#include <lungrt/error.h>
#include <lungrt/output_file.h>
#include <lungrt/verification.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "commands.h"
#include "options.h"

namespace lungrt::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string bundle, formats, json;
  std::vector<std::string> engine_runtimes;
  bool no_progress = false;
};

/// A row as JSON, in the format of `lungrt verify --json`.
Json as_json(const VerifiedGolden& row) {
  Json value{{"stage", row.stage},
             {"member", row.member},
             {"runtime", "lungrt " + row.engine},
             {"version", row.version},
             {"tolerance", {{"absolute", row.absolute}, {"decision_band", row.decision_band}}},
             {"input", row.golden},
             {"shape", row.shape},
             {"comparison", nullptr},
             {"problem", row.problem},
             {"skipped", row.skipped},
             {"failed", row.failed()}};
  if (row.comparison) {
    const GoldenComparison& found = *row.comparison;
    value["comparison"] = {{"values", found.values},
                           {"max_absolute", found.max_absolute},
                           {"mean_absolute", found.mean_absolute},
                           {"max_relative", found.max_relative},
                           {"mean_relative", found.mean_relative},
                           {"decisions", found.decisions},
                           {"flips", found.flips},
                           {"flips_outside_band", found.flips_outside_band}};
  }
  return value;
}

void print_row(const VerifiedGolden& row) {
  std::printf("%s %d, %s, ", row.stage.c_str(), row.member, row.engine.c_str());
  if (!row.skipped.empty()) {
    std::printf("skipped: %s\n", row.skipped.c_str());
    return;
  }
  std::printf("%s: %s, ", row.golden.c_str(), row.failed() ? "failed" : "ok");
  if (!row.comparison) {
    std::printf("%s\n", row.problem.c_str());
    return;
  }
  const GoldenComparison& found = *row.comparison;
  std::printf(
      "|probability - eager| at most %.1e (tolerated %g), mean %.1e; relative at most %.1e, mean "
      "%.1e; %lld of %lld decisions flip, %lld of them more than %g from the threshold\n",
      found.max_absolute, row.absolute, found.mean_absolute, found.max_relative,
      found.mean_relative, static_cast<long long>(found.flips),
      static_cast<long long>(found.decisions), static_cast<long long>(found.flips_outside_band),
      row.decision_band);
}

VerificationOptions options_of(const Arguments& given) {
  VerificationOptions options;
  for (const std::string& format : CLI::detail::split(given.formats, ',')) {
    const std::string name = CLI::detail::trim_copy(format);
    if (!name.empty()) options.formats.push_back(name);
  }
  options.cancelled = interrupted;
  if (const ProgressCallback show = stage_lines(given.no_progress)) {
    options.progress = [show](std::int64_t done, std::int64_t total) {
      const std::string text = "network " + std::to_string(done) + " of " + std::to_string(total);
      show(text.c_str(), done, total);
    };
  }
  return options;
}

void verify(const Arguments& given) {
  std::optional<OutputFile> output;
  if (!given.json.empty()) {
    output_suffix(given.json, {".json"});
    output.emplace(given.json);
  }
  locate_runtimes(given.engine_runtimes);
  Json all = Json::array();
  int compared = 0, failed = 0;
  const std::vector<VerifiedGolden> rows = verify_bundle(given.bundle, options_of(given));
  for (const VerifiedGolden& row : rows) {
    all.push_back(as_json(row));
    compared += row.skipped.empty() ? 1 : 0;
    failed += row.failed() ? 1 : 0;
  }
  if (output) {
    output->write(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    output->commit();
  }
  for (const VerifiedGolden& row : rows) print_row(row);
  if (failed > 0) {
    throw Error(ErrorCode::kInference,
                given.bundle + ": " + std::to_string(failed) + " of " + std::to_string(compared) +
                    " comparisons are out of tolerance on this machine; see the lines above");
  }
  std::printf("%s: %d comparisons, all in tolerance\n", given.bundle.c_str(), compared);
}

}  // namespace

std::function<void()> add_verify(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "verify", "Check a bundle's files and replay its goldens on every available engine.");
  command.add_option("BUNDLE", given->bundle, "Bundle: a folder written by lungrt export.")
      ->required();
  command.add_option(
      "--formats", given->formats,
      "Artifact formats to check, separated by commas, for example "
      "torchscript,safetensors. By default all formats in the bundle, and what lungrt "
      "compile made of it.");
  command
      .add_option("--json", given->json, "Write the result of every comparison to this JSON file.")
      ->type_name("FILE");
  add_engine_runtimes(command, given->engine_runtimes);
  add_no_progress(command, given->no_progress);
  command.footer("Example: lungrt-native verify bundle");
  return [given] { verify(*given); };
}

}  // namespace lungrt::cli
