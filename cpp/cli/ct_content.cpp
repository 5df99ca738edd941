#include "ct_content.h"

#include <lungrt/error.h>
#include <lungrt/io.h>

#include <filesystem>
#include <system_error>
#include <vector>

namespace lungrt::cli {
namespace {

using Json = nlohmann::ordered_json;

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

std::string lines(const std::vector<SeriesInfo>& found) {
  std::string text;
  for (const SeriesInfo& series : found) {
    text += "series " + to_string(series) + "\n";
    for (const std::string& note : series.notes) text += "  note: " + note + "\n";
  }
  return text;
}

}  // namespace

bool is_ct(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable) ||
         (fs::is_directory(path, unreadable) && !fs::exists(fs::path(path) / "manifest.json"));
}

CtContent ct_content(const std::string& path) {
  const std::vector<SeriesInfo> found = series_at(path);
  if (!found.empty()) return {ct_json(path, found), lines(found)};
  const Json image = image_json(path);
  return {image, "image " + image.dump() + "\n"};
}

}  // namespace lungrt::cli
