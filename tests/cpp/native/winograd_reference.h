/// Winograd's algorithm in double precision, with error bounds for float32.
#pragma once

#include <array>

#include "native/kernel_test.h"

namespace lungrt::native::testing {

inline constexpr int kSide = kTile + 2;
using Matrix = std::array<std::array<double, kSide>, kSide>;

/// B^T of F(4 x 4, 3 x 3) for the points 0, 1, -1, 2, -2 and infinity.
inline constexpr Matrix kInput{{{4, 0, -5, 0, 1, 0},
                                {0, -4, -4, 1, 1, 0},
                                {0, 4, -4, -1, 1, 0},
                                {0, -2, -1, 2, 1, 0},
                                {0, 2, -1, -2, 1, 0},
                                {0, 4, 0, -5, 0, 1}}};
/// A^T; the last two rows are unused.
inline constexpr Matrix kOutput{
    {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};

/// M d M^T, or the same with absolute values, to which the rounding error is proportional.
inline Matrix both_sides(const Matrix& transform, const Matrix& values, bool absolute) {
  const auto of = [absolute](double value) { return absolute ? std::abs(value) : value; };
  Matrix half{};
  Matrix result{};
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t j = 0; j < kSide; ++j) {
      for (std::size_t k = 0; k < kSide; ++k) half[i][j] += of(transform[i][k]) * of(values[k][j]);
    }
  }
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t j = 0; j < kSide; ++j) {
      for (std::size_t k = 0; k < kSide; ++k) result[i][j] += half[i][k] * of(transform[j][k]);
    }
  }
  return result;
}

/// Number of rounding errors of the input transform: each value goes through at most three
/// dependent operations for columns and three for rows, each rounded twice if not fused.
inline constexpr double kInputRoundings = 2 * 2 * 3;
/// The same for the output transform, with four operations.
inline constexpr double kOutputRoundings = 2 * 2 * 4;

/// Six rows of a strip, exactly as long as a kernel may read.
struct Strip {
  Strip(Random& random, int tiles, int floats)
      : stride(floats), values(kSide, random.values(size_of((kTile * tiles + 2) * floats))) {
    for (auto& row : values) row = random.values(row.size());
    for (const auto& row : values) rows.push_back(row.data());
  }
  Matrix tile(int index, int channel) const {
    Matrix result{};
    for (int r = 0; r < kSide; ++r) {
      for (int c = 0; c < kSide; ++c) {
        result[size_of(r)][size_of(c)] = rows[size_of(r)][(index * kTile + c) * stride + channel];
      }
    }
    return result;
  }
  int stride;
  std::vector<std::vector<float>> values;
  std::vector<const float*> rows;
};

}  // namespace lungrt::native::testing
