/// `lungrt-native info`: versions, engines, devices, and the content of a bundle or a CT's folder.

#include <lungrt/device.h>
#include <lungrt/engines.h>
#include <lungrt/io.h>
#include <lungrt/verification.h>
#include <lungrt/version.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "ct_content.h"
#include "options.h"

namespace lungrt::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string path;
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
  const bool has_bundle = !given.path.empty() && !is_ct(given.path);
  Json bundle;
  if (has_bundle) bundle = Json::parse(read_manifest(given.path));
  std::optional<CtContent> ct;
  if (!given.path.empty() && !has_bundle) ct = ct_content(given.path);
  const std::vector<EngineInfo> found = engines();
  if (given.as_json) {
    Json content{{"versions", versions},
                 {"threads", available_threads()},
                 {"engines", Json::parse(to_json(found))}};
    if (has_bundle) content["bundle"] = bundle;
    if (ct) content["ct"] = ct->json;
    std::puts(content.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
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
    if (has_bundle) print_bundle(bundle);
    if (ct) std::fputs(ct->text.c_str(), stdout);
  }
  // Checked last, so that the content of a damaged bundle is shown as well.
  if (has_bundle) check_bundle(given.path);
}

}  // namespace

std::function<void()> add_info(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(
      "info",
      "Show versions, engines (and why one is not available), devices, and the content of a bundle "
      "or of a CT's folder.");
  command.add_option("PATH", given->path,
                     "Bundle or CT whose content to show as well: a folder written by lungrt "
                     "export, which is also checked, or a folder of DICOM files, whose series and "
                     "their parts are listed.");
  command.add_flag("--json", given->as_json, "Print the information as JSON.");
  add_engine_runtimes(command, given->engine_runtimes);
  command.footer("Example: lungrt-native info bundle");
  return [given] { info(*given); };
}

}  // namespace lungrt::cli
