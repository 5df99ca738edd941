// consumer                                   prints which engines there are, a line each
// consumer BUNDLE ENGINE VOXELS.raw < CT     prints the report as JSON
// The CT on standard input: shape (slices, rows, columns), spacing, origin (x, y, z), nine values
// of the direction.

#include <lungrt/engines.h>
#include <lungrt/error.h>
#include <lungrt/pipeline.h>
#include <lungrt/version.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

int main(int count, char** arguments) try {
  lungrt::check_version();
  if (count == 1) {
    for (const lungrt::EngineInfo& engine : lungrt::engines()) {
      std::cout << engine.name << '\t' << engine.available << '\t' << engine.library << '\t'
                << engine.version << '\t' << engine.reason << '\n';
    }
    return 0;
  }
  if (count != 4) return std::fputs("see the top of main.cpp\n", stderr), 2;
  lungrt::VolumeShape shape;
  lungrt::Vec3 spacing{}, origin{};
  lungrt::Matrix3 direction{};
  std::cin >> shape.slices >> shape.rows >> shape.columns;
  for (double& value : spacing) std::cin >> value;
  for (double& value : origin) std::cin >> value;
  for (lungrt::Vec3& row : direction) {
    for (double& value : row) std::cin >> value;
  }
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  std::ifstream file(arguments[3], std::ios::binary);
  if (!std::cin ||
      !file.read(reinterpret_cast<char*>(hu.data()), std::streamsize(hu.size() * sizeof(hu[0])))) {
    return std::fputs("the CT is incomplete\n", stderr), 1;
  }
  lungrt::PipelineOptions options;
  options.engine = arguments[2];
  options.profile = "book";  // the test's volume has no lungs
  const lungrt::Pipeline pipeline(arguments[1], options);
  const lungrt::Geometry geometry(origin, spacing, direction);
  std::cout << lungrt::to_json(pipeline.run({hu.data(), shape, geometry, nullptr})) << '\n';
  return 0;
} catch (const lungrt::Error& error) {
  return std::fprintf(stderr, "%s: %s\n", lungrt::to_string(error.code()), error.what()), 1;
}
