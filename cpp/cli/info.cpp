/// `lungrt-native info`: versions, engines, devices, and the content of a bundle or a CT's folder.

#include <lungrt/device.h>
#include <lungrt/engines.h>
#include <lungrt/io.h>
#include <lungrt/verification.h>
#include <lungrt/version.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "commands.h"
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

/// Whether a path is not that of a bundle, which is a folder with a manifest.
bool is_ct(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable) ||
         (fs::is_directory(path, unreadable) && !fs::exists(fs::path(path) / "manifest.json"));
}

/// An image file, which holds one volume.
Json image_json(const std::string& path) {
  const CtVolume volume = read_ct(path);
  return {{"path", path},
          {"shape", {volume.shape().slices, volume.shape().rows, volume.shape().columns}},
          {"spacing_mm", volume.geometry().spacing_mm()},
          {"origin_mm", volume.geometry().origin_mm()},
          {"notes", volume.notes()}};
}

/// Series of a folder or of a DICOM file; none for an image file.
std::vector<SeriesInfo> series_at(const std::string& path) {
  try {
    return list_series(path);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInvalidArgument) return {};
    if (error.code() == ErrorCode::kBadVolume) {
      throw Error(
          ErrorCode::kInvalidArgument,
          path + " is not a bundle, because it has no manifest.json, and no CT: " + error.what());
    }
    throw;
  }
}

Json part_json(const SeriesPartInfo& part) {
  return {{"name", part.name},
          {"slices", part.slices},
          {"kernel", part.kernel},
          {"acquisition", part.acquisition},
          {"phase", part.phase},
          {"shape", {part.shape.slices, part.shape.rows, part.shape.columns}},
          {"spacing_mm", part.spacing_mm},
          {"problem", part.problem}};
}

Json ct_json(const std::string& path, const std::vector<SeriesInfo>& found) {
  Json listed = Json::array();
  for (const SeriesInfo& series : found) {
    Json parts = Json::array();
    for (const SeriesPartInfo& part : series.parts) parts.push_back(part_json(part));
    listed.push_back({{"uid", series.uid},
                      {"number", series.number},
                      {"modality", series.modality},
                      {"description", series.description},
                      {"images", series.slices},
                      {"problem", series.problem},
                      {"notes", series.notes},
                      {"parts", parts}});
  }
  return {{"path", path}, {"series", listed}};
}

void print_ct(const std::vector<SeriesInfo>& found) {
  for (const SeriesInfo& series : found) {
    std::printf("series %s\n", to_string(series).c_str());
    for (const std::string& note : series.notes) std::printf("  note: %s\n", note.c_str());
  }
}

void info(const Arguments& given) {
  locate_runtimes(given.engine_runtimes);
  std::map<std::string, std::string> versions = reader_versions();
  versions["lungrt"] = LUNGRT_VERSION;
  const bool has_bundle = !given.path.empty() && !is_ct(given.path);
  Json bundle;
  if (has_bundle) bundle = Json::parse(read_manifest(given.path));
  std::vector<SeriesInfo> series;
  Json image;
  if (!given.path.empty() && !has_bundle) {
    series = series_at(given.path);
    if (series.empty()) image = image_json(given.path);
  }
  const std::vector<EngineInfo> found = engines();
  if (given.as_json) {
    Json content{{"versions", versions},
                 {"threads", available_threads()},
                 {"engines", Json::parse(to_json(found))}};
    if (has_bundle) content["bundle"] = bundle;
    if (!series.empty()) content["ct"] = ct_json(given.path, series);
    if (!image.is_null()) content["ct"] = image;
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
    print_ct(series);
    if (!image.is_null()) std::printf("image %s\n", image.dump().c_str());
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
