/// `lungrt-native info`: versions, engines, devices, and the content of a bundle.

#include <lungrt/device.h>
#include <lungrt/engines.h>
#include <lungrt/io.h>
#include <lungrt/verification.h>
#include <lungrt/version.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "console.h"
#include "engine_settings.h"
#include "table.h"

namespace lungrt::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string bundle;
  bool as_json = false;
  std::vector<std::string> engine_runtimes;
};

std::string joined(const std::vector<std::string>& texts, const char* separator) {
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : separator) + text;
  return result;
}

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

Json as_json(const EngineInfo& engine) {
  return {{"name", engine.name},           {"artifact_format", engine.artifact_format},
          {"available", engine.available}, {"version", engine.version},
          {"library", engine.library},     {"reason", engine.reason},
          {"devices", engine.devices},     {"precisions", engine.precisions}};
}

std::map<std::string, std::string> versions() {
  std::map<std::string, std::string> result = reader_versions();
  result["lungrt"] = LUNGRT_VERSION;
  return result;
}

void print_engines(const std::vector<EngineInfo>& found) {
  Table table(
      {{"engine"}, {"available"}, {"version"}, {"devices and precisions, or why not available"}});
  for (const EngineInfo& engine : found) {
    table.add({engine.name, engine.available ? "yes" : "no",
               engine.version.empty() ? "-" : engine.version,
               engine.available ? devices(engine) : engine.reason});
  }
  table.print();
}

void print_bundle(const Json& bundle) {
  print("bundle of format " + bundle.at("format_version").dump() + ", exported " +
        bundle.at("created").get<std::string>() + " by lungrt " +
        bundle.at("lungrt_version").get<std::string>());
  Table table({{"stage"}, {"network"}, {"input"}, {"classes"}, {"threshold"}, {"artifacts"}});
  for (const auto& [name, stage] : bundle.at("stages").items()) {
    std::vector<std::string> shape;
    for (const Json& size : stage.at("input").at("shape")) {
      shape.push_back(size.is_string() ? size.get<std::string>() : size.dump());
    }
    for (const Json& network : stage.at("networks")) {
      std::vector<std::string> artifacts;
      for (const auto& [format, file] : network.at("artifacts").items()) {
        char size[32];
        std::snprintf(size, sizeof size, " %.1f MB", file.at("bytes").get<double>() / 1e6);
        artifacts.push_back(format + size);
      }
      table.add({name, network.at("architecture").get<std::string>(), joined(shape, " x "),
                 joined(stage.at("classes").get<std::vector<std::string>>(), ", "),
                 stage.at("threshold").dump(), joined(artifacts, ", ")});
    }
  }
  table.print();
}

void info(const Arguments& given) {
  locate_runtimes(given.engine_runtimes);
  Json bundle;
  if (!given.bundle.empty()) bundle = Json::parse(read_manifest(given.bundle));
  const std::vector<EngineInfo> found = engines();
  if (given.as_json) {
    Json content{{"versions", versions()}, {"threads", available_threads()}};
    content["engines"] = Json::array();
    for (const EngineInfo& engine : found) content["engines"].push_back(as_json(engine));
    if (!given.bundle.empty()) content["bundle"] = bundle;
    print(content.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    std::vector<std::string> texts;
    for (const auto& [name, version] : versions()) texts.push_back(name + " " + version);
    print(joined(texts, ", ") + "\n" + std::to_string(available_threads()) + " threads available");
    print_engines(found);
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
