/// Server that reads CTs on request: for tools/bench_reading.py, which compares its speed with
/// SimpleITK's, and for the tests, which compare the voxels bit by bit.
///
/// Each line of the standard input is a JSON object: `path` and, optionally, `series`, `resample`,
/// `threads`, and `voxels`, a file to write the voxels to. Each line of the standard output is the
/// answer to one request.

#include <lungrt/error.h>
#include <lungrt/io.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

Json read(const Json& request) {
  lungrt::ReadOptions options;
  if (request.contains("series")) options.series = request["series"].get<std::string>();
  options.resample = request.value("resample", false);
  options.threads = request.value("threads", 0);
  const auto start = std::chrono::steady_clock::now();
  const lungrt::CtVolume volume = lungrt::read_ct(request["path"].get<std::string>(), options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  if (request.contains("voxels")) {
    const auto bytes = static_cast<std::streamsize>(volume.shape().voxels()) * 2;
    std::ofstream(request["voxels"].get<std::string>(), std::ios::binary)
        .write(reinterpret_cast<const char*>(volume.data()), bytes);
  }
  Json answer;
  answer["seconds"] = seconds.count();
  answer["shape"] = {volume.shape().slices, volume.shape().rows, volume.shape().columns};
  answer["origin_mm"] = volume.geometry().origin_mm();
  answer["spacing_mm"] = volume.geometry().spacing_mm();
  answer["direction"] = volume.geometry().direction();
  answer["series_uid"] = volume.series_uid();
  answer["notes"] = volume.notes();
  return answer;
}

Json answer_to(const std::string& line) try {
  return read(Json::parse(line));
} catch (const lungrt::Error& error) {
  return {{"error", lungrt::to_string(error.code())}, {"message", error.what()}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer_to(line).dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  }
}
