// Positions written with few digits, and the straightening of tilted slices.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/series_headers.h"
#include "expect_error.h"
#include "lungrt/series.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::stack;

/// Slices at rounded multiples of a gap.
std::vector<SliceHeader> rounded_stack(int count, double start, double gap, double unit) {
  std::vector<double> positions;
  for (int i = 0; i < count; ++i) {
    positions.push_back(std::nearbyint((start + gap * i) / unit) * unit);
  }
  std::vector<SliceHeader> headers = stack(positions);
  for (SliceHeader& header : headers) header.position_unit_mm = {1, 1, unit};
  return headers;
}

struct Rounding {
  double gap, unit;
};

class RoundedPositions : public ::testing::TestWithParam<Rounding> {};

// Any start and number of slices: each position is off by up to half a unit.
TEST_P(RoundedPositions, LieOnTheGridThatFitsThem) {
  const auto [gap, unit] = GetParam();
  std::mt19937 random(3);
  std::uniform_real_distribution<double> starts(-300, 300);
  for (const int count : {3, 4, 5, 8, 12, 21, 133}) {
    // Of three slices, more rounding could hide one that is missing.
    if (count == 3 && unit / 2 > 0.14 * gap) continue;
    for (int repeat = 0; repeat < 40; ++repeat) {
      const double start = starts(random);
      const SeriesLayout layout = plan_series(rounded_stack(count, start, gap, unit));
      EXPECT_EQ(layout.shape.slices, count);
      EXPECT_FALSE(layout.resampled);
      EXPECT_NEAR(layout.geometry.spacing_mm()[2], gap, 1.1 * unit / (count - 1));
      EXPECT_NEAR(layout.geometry.origin_mm()[2], start, unit);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Digits, RoundedPositions,
                         ::testing::Values(Rounding{5.0 / 6, 0.01}, Rounding{0.625, 0.1},
                                           Rounding{0.75, 0.1}, Rounding{1.0 / 3, 0.1},
                                           Rounding{2.8, 1}, Rounding{3.27, 0.1},
                                           Rounding{0.4882813, 0.01}),
                         [](const auto& test) { return "Nr" + std::to_string(test.index); });

TEST(FewDigits, FitOfLeastSquaresIsUsedAndNoted) {
  std::vector<SliceHeader> headers = stack({0, 0.8, 1.7, 2.5});
  for (SliceHeader& header : headers) header.position_unit_mm[2] = 0.1;
  const SeriesLayout layout = plan_series(headers);
  // numpy.polyfit([0, 1, 2, 3], [0, 0.8, 1.7, 2.5], 1)
  EXPECT_NEAR(layout.geometry.spacing_mm()[2], 0.84, 1e-12);
  EXPECT_NEAR(layout.geometry.origin_mm()[2], -0.01, 1e-12);
  ASSERT_EQ(layout.notes.size(), 1U);
  EXPECT_NE(layout.notes[0].find("rounding of their positions, to 0.1 mm"), std::string::npos);
}

TEST(FewDigits, PositionsThatWereWrittenExactlyMustBeRegular) {
  std::vector<SliceHeader> headers = rounded_stack(21, -300, 0.625, 0.1);
  for (SliceHeader& header : headers) header.position_unit_mm[2] = 0.0001;
  expect_error(ErrorCode::kBadVolume, {"not evenly spaced by 0.6 mm"},
               [&] { plan_series(headers); });
  for (SliceHeader& header : headers) header.position_unit_mm[2] = 0;  // not known
  expect_error(ErrorCode::kBadVolume, {"not evenly spaced"}, [&] { plan_series(headers); });
  for (SliceHeader& header : headers) header.position_unit_mm[2] = std::nan("");
  expect_error(ErrorCode::kBadVolume, {"not evenly spaced"}, [&] { plan_series(headers); });
}

TEST(FewDigits, RoundingDoesNotHideAMissingSlice) {
  for (const double unit : {0.01, 0.1, 1.0}) {
    for (std::size_t missing = 1; missing < 24; ++missing) {
      std::vector<SliceHeader> headers = rounded_stack(25, 0, 1, unit);
      headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(missing));
      expect_error(ErrorCode::kBadVolume, {"1 slice missing between"},
                   [&] { plan_series(headers); });
    }
  }
}

TEST(FewDigits, ManySlicesInWholeMillimetres) {
  // Short and long gaps take turns, so they are rounding and no missing slices.
  EXPECT_NEAR(plan_series(rounded_stack(20, 0, 1.25, 1)).geometry.spacing_mm()[2], 1.25, 0.03);
}

TEST(FewDigits, OneSliceThatIsOff) {
  std::vector<SliceHeader> headers = rounded_stack(12, 0, 0.625, 0.1);
  headers[5].position_mm[2] += 0.2;
  expect_error(ErrorCode::kBadVolume, {"'e' and 'f'"}, [&] { plan_series(headers); });
}

TEST(TiltedGantry, IsStraightenedWithoutLosingAPixel) {
  std::vector<SliceHeader> headers = stack({6, 0, 2, 4});
  for (SliceHeader& header : headers) header.position_mm[1] -= 0.5 * header.position_mm[2];
  const SeriesLayout layout = plan_series(headers, true);
  EXPECT_TRUE(layout.resampled);
  // 3 mm of 0.75 mm a row.
  EXPECT_EQ(layout.shape, (VolumeShape{4, 512 + 4, 500}));
  EXPECT_EQ(layout.geometry.origin_mm(), (Vec3{-170, -163, 0}));
  ASSERT_EQ(layout.shifts.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(layout.shifts[i][1], 0) << "columns are not tilted";
    EXPECT_NEAR(layout.geometry.origin_mm()[1] + 0.75 * layout.shifts[i][0],
                headers[i].position_mm[1], 1e-9);
  }
  ASSERT_EQ(layout.notes.size(), 1U);
  EXPECT_NE(layout.notes[0].find("tilted by 26.5651 degrees"), std::string::npos);
}

TEST(TiltedGantry, ByMoreThanAnImageIsRefused) {
  std::vector<SliceHeader> headers = stack({0, 100, 200, 300});
  for (SliceHeader& header : headers) {
    header.rows = 100;
    header.position_mm[1] += 0.5 * header.position_mm[2];
  }
  expect_error(ErrorCode::kBadVolume, {"shifts slices by 150 mm", "more than their own size"},
               [&] { plan_series(headers, true); });
}

}  // namespace
}  // namespace lungrt
