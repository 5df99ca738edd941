/// Headers of generated slices.
#pragma once

#include <string>
#include <vector>

#include "lungrt/series.h"

namespace lungrt::testing {

/// An axial slice of 512 x 500 pixels.
inline SliceHeader axial(double z, const std::string& name) {
  SliceHeader header;
  header.name = name;
  header.series_uid = "1.2.3";
  header.modality = "CT";
  header.position_mm = {-170, -160, z};
  header.orientation = {1, 0, 0, 0, 1, 0};
  header.pixel_spacing_mm = {0.75, 0.7};
  header.rows = 512;
  header.columns = 500;
  return header;
}

/// Slices named a, b, c, ... at the given positions.
inline std::vector<SliceHeader> stack(const std::vector<double>& positions) {
  std::vector<SliceHeader> headers;
  for (const double z : positions) {
    headers.push_back(axial(z, std::string(1, static_cast<char>('a' + headers.size()))));
  }
  return headers;
}

}  // namespace lungrt::testing
