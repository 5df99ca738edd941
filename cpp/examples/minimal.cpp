/// Minimal program: reads a bundle and raw int16 Hounsfield units, and prints the nodules.
///
///     minimal BUNDLE VOXELS.raw SLICES ROWS COLUMNS SPACING_X SPACING_Y SPACING_Z

#include <lungrt/error.h>
#include <lungrt/pipeline.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

int main(int count, char** arguments) try {
  if (count != 9)
    return std::fputs("the arguments are described at the top of minimal.cpp\n", stderr), 2;
  const auto size = [&](int i) { return std::atoll(arguments[i]); };
  const auto mm = [&](int i) { return std::atof(arguments[i]); };
  const lungrt::VolumeShape shape{size(3), size(4), size(5)};
  const lungrt::Geometry geometry({0, 0, 0}, {mm(6), mm(7), mm(8)},
                                  {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  std::ifstream file(arguments[2], std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(hu.data()), std::streamsize(hu.size() * 2))) {
    return std::fprintf(stderr, "%s is missing or too short\n", arguments[2]), 1;
  }

  const lungrt::Pipeline pipeline(arguments[1]);
  const lungrt::CtVolume volume(hu.data(), shape, geometry, nullptr);  // hu is not copied
  for (const lungrt::Finding& nodule : pipeline.run(volume).nodules) {
    std::printf("(%.1f, %.1f, %.1f) mm  %.0f mm  p = %.3f\n", nodule.center_mm[0],
                nodule.center_mm[1], nodule.center_mm[2], nodule.diameter_mm, nodule.p_nodule);
  }
  return 0;
} catch (const lungrt::Error& error) {
  return std::fprintf(stderr, "%s: %s\n", lungrt::to_string(error.code()), error.what()), 1;
}
