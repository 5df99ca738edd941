/// `lungrt-native verify`: replays a bundle's goldens on every available engine.

#include <lungrt/error.h>
#include <lungrt/verification.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "commands.h"
#include "console.h"
#include "engine_settings.h"
#include "interrupt.h"
#include "output_file.h"
#include "progress.h"
#include "verification_table.h"

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

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    const std::size_t begin = part.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    result.push_back(part.substr(begin, part.find_last_not_of(' ') - begin + 1));
  }
  return result;
}

std::vector<VerifiedGolden> verified(const Arguments& given) {
  Progress progress(!given.no_progress);
  VerificationOptions options;
  options.formats = parts(given.formats);
  options.cancelled = interrupted;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    progress.show("networks", done, total);
  };
  return verify_bundle(given.bundle, options);
}

void verify(const Arguments& given) {
  std::optional<OutputFile> output;
  if (!given.json.empty()) output.emplace(given.json, std::vector<std::string>{".json"});
  locate_runtimes(given.engine_runtimes);
  const std::vector<VerifiedGolden> rows = verified(given);
  if (output) {
    Json all = Json::array();
    for (const VerifiedGolden& row : rows) all.push_back(as_json(row));
    output->write(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  print_verification(rows);
  const auto failed =
      std::count_if(rows.begin(), rows.end(), [](const auto& r) { return r.failed(); });
  const auto compared =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.skipped.empty(); });
  if (failed > 0) {
    throw Error(ErrorCode::kInference,
                given.bundle + ": " + std::to_string(failed) + " of " + std::to_string(compared) +
                    " comparisons are out of tolerance on this machine; see the table");
  }
  print(given.bundle + ": " + std::to_string(compared) + " comparisons, all in tolerance");
}

}  // namespace

std::function<void()> add_verify(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "verify", "Check a bundle's files and replay its goldens on every available engine.");
  command.add_option("BUNDLE", given->bundle, "Bundle: a folder written by lungrt export.")
      ->required();
  command.add_option("--formats", given->formats,
                     "Artifact formats to check, separated by commas, for example "
                     "torchscript,safetensors. By default all formats in the bundle.");
  command
      .add_option("--json", given->json, "Write the result of every comparison to this JSON file.")
      ->type_name("FILE");
  add_engine_runtimes(command, given->engine_runtimes);
  command.add_flag("--no-progress", given->no_progress, "Do not show progress bars.");
  command.footer("Example: lungrt-native verify bundle");
  return [given] { verify(*given); };
}

}  // namespace lungrt::cli
