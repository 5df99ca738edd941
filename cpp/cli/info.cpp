/// `lungrt-native info`: versions, engines, devices, and the content of a bundle.

#include <lungrt/device.h>
#include <lungrt/engines.h>
#include <lungrt/io.h>
#include <lungrt/verification.h>
#include <lungrt/version.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "options.h"

namespace lungrt::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string bundle;
  bool as_json = false;
  std::vector<std::string> engine_runtimes;
};

/// "cpu: fp32; cuda:0 (name): fp32, tf32".
std::string devices(const EngineInfo& engine) {
  std::vector<std::string> texts;
  for (const std::string& device : engine.devices) {
    const auto known = engine.precisions.find(device.substr(0, device.find(' ')));
    texts.push_back(device + ": " +
                    (known == engine.precisions.end() ? "" : joined(known->second, ", ")));
  }
  return joined(texts, "; ");
}

void print_bundle(const Json& bundle) {
  std::printf("bundle format %s, exported %s with lungrt %s\n",
              bundle.at("format_version").dump().c_str(),
              bundle.at("created").get<std::string>().c_str(),
              bundle.at("lungrt_version").get<std::string>().c_str());
  for (const auto& [name, stage] : bundle.at("stages").items()) {
    std::vector<std::string> shape;
    for (const Json& size : stage.at("input").at("shape")) {
      shape.push_back(size.is_string() ? size.get<std::string>() : size.dump());
    }
    for (const Json& network : stage.at("networks")) {
      std::printf("%s: %s, input %s, classes %s, threshold %s", name.c_str(),
                  network.at("architecture").get<std::string>().c_str(),
                  joined(shape, " x ").c_str(),
                  joined(stage.at("classes").get<std::vector<std::string>>(), ", ").c_str(),
                  stage.at("threshold").dump().c_str());
      for (const auto& [format, file] : network.at("artifacts").items()) {
        std::printf(", %s %.1f MB", format.c_str(), file.at("bytes").get<double>() / 1e6);
      }
      std::printf("\n");
    }
  }
}

void info(const Arguments& given) {
  locate_runtimes(given.engine_runtimes);
  std::map<std::string, std::string> versions = reader_versions();
  versions["lungrt"] = LUNGRT_VERSION;
  Json bundle;
  if (!given.bundle.empty()) bundle = Json::parse(read_manifest(given.bundle));
  const std::vector<EngineInfo> found = engines();
  if (given.as_json) {
    Json content{{"versions", versions},
                 {"threads", available_threads()},
                 {"engines", Json::parse(to_json(found))}};
    if (!given.bundle.empty()) content["bundle"] = bundle;
    std::puts(content.dump(2).c_str());
  } else {
    for (const auto& [name, version] : versions) {
      std::printf("%s %s\n", name.c_str(), version.c_str());
    }
    std::printf("%d CPU threads available\n", available_threads());
    for (const EngineInfo& engine : found) {
      std::printf("engine %s: %s; %s\n", engine.name.c_str(),
                  engine.available ? engine.version.c_str() : "not available",
                  engine.available ? devices(engine).c_str() : engine.reason.c_str());
    }
    if (!given.bundle.empty()) print_bundle(bundle);
  }
  // Checked last, so that the content of a damaged bundle is shown as well.
  if (!given.bundle.empty()) check_bundle(given.bundle);
}

}  // namespace

std::function<void()> add_info(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "info",
      "Show versions, engines (and why one is not available), devices, and a bundle's content.");
  command.add_option(
      "BUNDLE", given->bundle,
      "Bundle whose content to show and check as well: a folder written by lungrt export.");
  command.add_flag("--json", given->as_json, "Print the information as JSON.");
  add_engine_runtimes(command, given->engine_runtimes);
  command.footer("Example: lungrt-native info bundle");
  return [given] { info(*given); };
}

}  // namespace lungrt::cli
