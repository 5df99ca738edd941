/// Input of the examples: a CT from a file, or a generated one.
#pragma once

#include <lungrt/volume.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace example {

inline lungrt::CtVolume make_volume(std::vector<std::int16_t> hu, const lungrt::VolumeShape& shape,
                                    const lungrt::Vec3& spacing_mm) {
  // The volume keeps its voxels alive; copies of it share them.
  const auto owner = std::make_shared<const std::vector<std::int16_t>>(std::move(hu));
  const lungrt::Geometry geometry({0, 0, 0}, spacing_mm, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  return lungrt::CtVolume(owner->data(), shape, geometry, owner);
}

/// Raw int16 Hounsfield units, column fastest, then row, then slice.
inline lungrt::CtVolume read_raw(const std::string& path, const lungrt::VolumeShape& shape,
                                 const lungrt::Vec3& spacing_mm) {
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  std::ifstream file(path, std::ios::binary);
  const auto bytes = static_cast<std::streamsize>(hu.size() * sizeof(hu[0]));
  if (!file.read(reinterpret_cast<char*>(hu.data()), bytes) || file.peek() != EOF) {
    throw std::runtime_error(path + " does not hold exactly " + std::to_string(bytes) + " bytes");
  }
  return make_volume(std::move(hu), shape, spacing_mm);
}

/// Generates a simple chest: two lungs in a body, with a ball of soft tissue in each.
/// \param seed  of the noise
inline lungrt::CtVolume generated(std::uint32_t seed = 1) {
  const lungrt::VolumeShape shape{48, 160, 160};
  const lungrt::Vec3 spacing_mm{2, 2, 2.5};
  std::vector<std::int16_t> hu;
  hu.reserve(static_cast<std::size_t>(shape.voxels()));
  const auto inside = [](double x, double y, double radius_x, double radius_y) {
    return (x * x) / (radius_x * radius_x) + (y * y) / (radius_y * radius_y) < 1;
  };
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      for (std::int64_t column = 0; column < shape.columns; ++column) {
        const double x = static_cast<double>(column - 80) * spacing_mm[0];
        const double y = static_cast<double>(row - 80) * spacing_mm[1];
        const double z = static_cast<double>(slice - 24) * spacing_mm[2];
        const double beside = std::abs(x) - 70;  // of a lung's axis
        double value = inside(x, y, 150, 110) ? 30 : -1000;
        if (inside(beside, y, 50, 80)) value = -850;
        const double from_ball = std::sqrt(beside * beside + (y - 10) * (y - 10) + z * z);
        if (from_ball < 11) value += (30 - value) * std::fmin(1, 11 - from_ball);
        seed = seed * 1664525U + 1013904223U;
        hu.push_back(static_cast<std::int16_t>(value + static_cast<int>(seed >> 27U) - 16));
      }
    }
  }
  return make_volume(std::move(hu), shape, spacing_mm);
}

/// Reads the CT that the arguments from `first` on describe: VOXELS.raw SLICES ROWS COLUMNS
/// SPACING_X SPACING_Y SPACING_Z. Without arguments, generates one.
inline lungrt::CtVolume from_arguments(int first, int count, char** arguments) {
  if (count == first) return generated();
  if (count != first + 7)
    throw std::runtime_error(
        "expected VOXELS.raw SLICES ROWS COLUMNS SPACING_X SPACING_Y SPACING_Z");
  const auto size = [&](int i) { return std::atoll(arguments[first + i]); };
  const auto mm = [&](int i) { return std::atof(arguments[first + i]); };
  const lungrt::VolumeShape shape{size(1), size(2), size(3)};
  if (shape.slices < 1 || shape.rows < 1 || shape.columns < 1) {
    throw std::runtime_error("SLICES, ROWS and COLUMNS must be at least 1");
  }
  return read_raw(arguments[first], shape, {mm(4), mm(5), mm(6)});
}

}  // namespace example
