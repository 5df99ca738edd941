#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
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

std::vector<std::size_t> sources(const SeriesLayout& layout) {
  std::vector<std::size_t> result;
  for (const SliceBlend& slice : layout.slices) {
    EXPECT_EQ(slice.weight, 0.0);
    EXPECT_EQ(slice.lower, slice.upper);
    result.push_back(slice.lower);
  }
  return result;
}

TEST(PlanSeries, OrdersSlicesAlongTheirNormal) {
  const SeriesLayout layout = plan_series(stack({-5, -10, -2.5, -7.5}));
  EXPECT_EQ(sources(layout), (std::vector<std::size_t>{1, 3, 0, 2}));
  EXPECT_EQ(layout.series_uid, "1.2.3");
  EXPECT_EQ(layout.shape, (VolumeShape{4, 512, 500}));
  EXPECT_EQ(layout.geometry.origin_mm(), (Vec3{-170, -160, -10}));
  EXPECT_EQ(layout.geometry.spacing_mm(), (Vec3{0.7, 0.75, 2.5}));
  EXPECT_EQ(layout.geometry.direction(), (Matrix3{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}));
  EXPECT_FALSE(layout.resampled);
  EXPECT_TRUE(layout.notes.empty());
}

TEST(PlanSeries, TwoSlicesAreAVolume) {
  EXPECT_EQ(plan_series(stack({0, 3})).geometry.spacing_mm()[2], 3.0);
}

TEST(PlanSeries, FollowsAnyOrientation) {
  // Coronal: rows run towards the feet, so slices ascend from front to back.
  std::vector<SliceHeader> headers = stack({0, 1, 2});
  for (std::size_t i = 0; i < 3; ++i) {
    headers[i].orientation = {1, 0, 0, 0, 0, -1};
    headers[i].position_mm = {-100, 50 - 2.0 * static_cast<double>(i), 80};
  }
  const SeriesLayout layout = plan_series(headers);
  EXPECT_EQ(sources(layout), (std::vector<std::size_t>{2, 1, 0}));
  EXPECT_EQ(layout.geometry.direction(), (Matrix3{{{1, 0, 0}, {0, 0, 1}, {0, -1, 0}}}));
  EXPECT_EQ(layout.geometry.origin_mm(), (Vec3{-100, 46, 80}));
  for (const Vec3& row : layout.geometry.direction()) {
    for (const double value : row) EXPECT_FALSE(value == 0 && std::signbit(value));
  }
}

TEST(PlanSeries, FollowsObliqueOrientation) {
  const double c = std::cos(0.3), s = std::sin(0.3);
  std::vector<SliceHeader> headers = stack({0, 1, 2, 3});
  for (std::size_t i = 0; i < 4; ++i) {
    headers[i].orientation = {1, 0, 0, 0, c, s};
    const double along = 1.5 * static_cast<double>(i);
    headers[i].position_mm = {10, 20 - s * along, 30 + c * along};
  }
  const SeriesLayout layout = plan_series(headers);
  EXPECT_NEAR(layout.geometry.spacing_mm()[2], 1.5, 1e-12);
  const Vec3 last = layout.geometry.to_world(VoxelIndex{3, 0, 0});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(last[i], headers[3].position_mm[i], 1e-9);
}

TEST(PlanSeries, ToleratesRoundedPositions) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> jitter(-0.004, 0.004);
  std::vector<double> positions;
  for (int i = 0; i < 26; ++i) positions.push_back(0.625 * i + jitter(random));
  EXPECT_EQ(plan_series(stack(positions)).shape.slices, 26);
}

TEST(PlanSeries, RefusesNothing) {
  expect_error(ErrorCode::kBadVolume, {"no slices"}, [] { plan_series({}); });
}

TEST(PlanSeries, RefusesSeveralSeriesWithTheirSizes) {
  std::vector<SliceHeader> headers = stack({0, 1, 2});
  headers[1].series_uid = "9.8.7";
  for (const bool resample : {false, true}) {
    expect_error(ErrorCode::kBadVolume, {"2 series", "1.2.3 (2 slices)", "9.8.7 (1 slice)"},
                 [&] { plan_series(headers, resample); });
  }
}

/// Changes one slice; the message must name that slice and no other.
void expect_refusal_of_b(std::initializer_list<const char*> words,
                         const std::function<void(SliceHeader&)>& change) {
  std::vector<SliceHeader> headers = stack({0, 1, 2, 3});
  change(headers[1]);
  for (const bool resample : {false, true}) {
    expect_error(ErrorCode::kBadVolume, words, [&] { plan_series(headers, resample); });
    expect_error(ErrorCode::kBadVolume, {"series 1.2.3", ": 'b'; "},
                 [&] { plan_series(headers, resample); });
  }
}

TEST(PlanSeries, RefusesOtherModalities) {
  expect_refusal_of_b({"modality 'MR' instead of CT"}, [](SliceHeader& h) { h.modality = "MR"; });
}

TEST(PlanSeries, RefusesLocalizers) {
  expect_refusal_of_b({"localizer"}, [](SliceHeader& h) { h.localizer = true; });
  std::vector<SliceHeader> single = stack({0});
  single[0].localizer = true;
  expect_error(ErrorCode::kBadVolume, {"localizer", "'a'"}, [&] { plan_series(single); });
}

TEST(PlanSeries, RefusesSlicesThatDifferInSize) {
  expect_refusal_of_b({"differ in size", "512 x 500", "'a'"}, [](SliceHeader& h) { h.rows = 511; });
  expect_refusal_of_b({"differ in size"}, [](SliceHeader& h) { h.columns = 501; });
  expect_refusal_of_b({"without rows or columns"}, [](SliceHeader& h) { h.columns = 0; });
}

TEST(PlanSeries, RefusesSlicesThatDifferInPixelSpacing) {
  expect_refusal_of_b({"differ in pixel spacing", "0.75 mm and 0.7 mm"},
                      [](SliceHeader& h) { h.pixel_spacing_mm = {0.75, 0.71}; });
  for (const double spacing : {0.0, -1.0, std::nan("")}) {
    expect_refusal_of_b({"pixel spacing is not positive"},
                        [=](SliceHeader& h) { h.pixel_spacing_mm[1] = spacing; });
  }
}

TEST(PlanSeries, RefusesSlicesThatAreNotParallel) {
  expect_refusal_of_b({"not parallel to 'a'"}, [](SliceHeader& h) {
    h.orientation = {std::cos(0.001), std::sin(0.001), 0, -std::sin(0.001), std::cos(0.001), 0};
  });
}

TEST(PlanSeries, RefusesOrientationsThatAreNone) {
  expect_refusal_of_b({"perpendicular unit vectors"},
                      [](SliceHeader& h) { h.orientation = {1, 0, 0, 0, 1.1, 0}; });
  expect_refusal_of_b({"perpendicular unit vectors"},
                      [](SliceHeader& h) { h.orientation = {1, 0, 0, 1, 0, 0}; });
  expect_refusal_of_b({"perpendicular unit vectors"}, [](SliceHeader& h) { h.orientation = {}; });
}

TEST(PlanSeries, RefusesPositionsThatAreNotFinite) {
  expect_refusal_of_b({"not finite"}, [](SliceHeader& h) { h.position_mm[2] = std::nan(""); });
  expect_refusal_of_b({"not finite"}, [](SliceHeader& h) {
    h.orientation[0] = std::numeric_limits<double>::infinity();
  });
}

// Their differences would be infinite and the number of resampled slices NaN.
TEST(PlanSeries, RefusesPositionsThatAreFarFromZero) {
  for (const double far : {1.1e9, -1.1e9, std::numeric_limits<double>::max()}) {
    expect_refusal_of_b({"more than 1e+09 mm from zero", "damaged"},
                        [=](SliceHeader& h) { h.position_mm[2] = far; });
  }
  for (const bool resample : {false, true}) {
    std::vector<SliceHeader> headers = stack({0, 1, 2});
    headers[0].position_mm[2] = std::numeric_limits<double>::lowest();
    headers[2].position_mm[2] = std::numeric_limits<double>::max();
    expect_error(ErrorCode::kBadVolume, {"'a', 'c'", "from zero"},
                 [&] { plan_series(headers, resample); });
  }
}

TEST(PlanSeries, RefusesATiltedGantry) {
  std::vector<SliceHeader> headers = stack({0, 2, 4, 6});
  for (SliceHeader& header : headers) header.position_mm[1] += 0.1 * header.position_mm[2];
  expect_error(ErrorCode::kBadVolume,
               {"not stacked along their normal", "'d'", "0.6 mm", "tilted by 5.71", "degrees",
                "--resample"},
               [&] { plan_series(headers); });
  for (SliceHeader& header : headers) header.position_mm[1] = -160 + 0.015 * header.position_mm[2];
  EXPECT_NO_THROW(plan_series(headers));
}

TEST(PlanSeries, RefusesShiftedSlicesWhichAreNoTilt) {
  for (const bool resample : {false, true}) {
    std::vector<SliceHeader> headers = stack({0, 2, 4, 6});
    headers[1].position_mm[0] += 3;
    expect_error(ErrorCode::kBadVolume, {"'b'", "3 mm beside", "no tilt of the gantry"},
                 [&] { plan_series(headers, resample); });
    headers = stack({0, 2});  // two slices lie on a line in any case
    headers[1].position_mm[0] += 3;
    expect_error(ErrorCode::kBadVolume, {"no tilt of the gantry"},
                 [&] { plan_series(headers, resample); });
    headers = stack({0, 2, 4});
    for (SliceHeader& header : headers) header.position_mm[1] += 2 * header.position_mm[2];
    expect_error(ErrorCode::kBadVolume, {"no tilt of the gantry"},  // of 63 degrees
                 [&] { plan_series(headers, resample); });
  }
}

TEST(PlanSeries, RefusesSeveralPatients) {
  std::vector<SliceHeader> headers = stack({0, 1, 2});
  headers[0].patient_id = "A";
  EXPECT_NO_THROW(plan_series(headers));  // the others do not say whose they are
  headers[1].patient_id = "B";
  for (const bool resample : {false, true}) {
    expect_error(ErrorCode::kBadVolume, {"2 patients", "A (1 slice), B (1 slice)"},
                 [&] { plan_series(headers, resample); });
  }
}

TEST(PlanSeries, RefusesMoreRowsThanDicomCanHave) {
  expect_refusal_of_b({"more than 65535 rows or columns"}, [](SliceHeader& h) { h.rows = 65536; });
}

TEST(PlanSeries, NotesThatSlicesAreAReformat) {
  std::vector<SliceHeader> headers = stack({0, 1, 2});
  for (std::size_t i = 0; i < 3; ++i) {
    headers[i].orientation = {1, 0, 0, 0, 0, -1};
    headers[i].position_mm = {-100, 2.0 * static_cast<double>(i), 80};
  }
  EXPECT_NE(plan_series(headers).notes.at(0).find("coronal: a reformat"), std::string::npos);
  for (std::size_t i = 0; i < 3; ++i) {
    headers[i].orientation = {0, 1, 0, 0, 0, -1};
    headers[i].position_mm = {2.0 * static_cast<double>(i), 0, 80};
  }
  EXPECT_NE(plan_series(headers).notes.at(0).find("sagittal: a reformat"), std::string::npos);
}

TEST(PlanSeries, RefusesASingleSlice) {
  for (const bool resample : {false, true}) {
    expect_error(ErrorCode::kBadVolume, {"only one slice, 'a'", "spacing", "at least two"},
                 [&] { plan_series(stack({5}), resample); });
    expect_error(ErrorCode::kBadVolume, {"all slices lie at the position of 'a'"},
                 [&] { plan_series(stack({5, 5}), resample); });
  }
}

TEST(PlanSeries, RefusesRepeatedPositions) {
  expect_error(ErrorCode::kBadVolume, {"'d' repeats the position of 'b'", "resample"},
               [] { plan_series(stack({0, 2, 4, 2.005})); });
}

TEST(PlanSeries, RefusesMissingSlices) {
  expect_error(ErrorCode::kBadVolume,
               {"not evenly spaced by 2.5 mm", "1 slice missing between 'b' and 'c'",
                "3 slices missing between 'd' and 'e'"},
               [] { plan_series(stack({0, 2.5, 7.5, 10, 20, 22.5})); });
  // The smaller of two gaps counts as the regular one.
  expect_error(ErrorCode::kBadVolume, {"1 slice missing between 'b' and 'c'"},
               [] { plan_series(stack({0, 1, 3})); });
}

TEST(PlanSeries, RefusesIrregularSpacing) {
  expect_error(ErrorCode::kBadVolume, {"not evenly spaced by 2.5 mm", "2.7 mm between 'b' and 'c'"},
               [] { plan_series(stack({0, 2.5, 5.2, 7.7, 10.2})); });
  EXPECT_NO_THROW(plan_series(stack({0, 2.5, 5.02, 7.52})));  // within 1 %
}

TEST(PlanSeries, CutsLongListsOfProblems) {
  std::vector<double> positions;
  for (int i = 0; i < 16; ++i) positions.push_back(i + (i % 2 == 0 ? 0.0 : 0.1));
  // Eight gaps of 1.1 mm and seven of 0.9 mm.
  expect_error(ErrorCode::kBadVolume, {"not evenly spaced by 1.1 mm", "and 2 more"},
               [&] { plan_series(stack(positions)); });
  std::vector<SliceHeader> headers = stack(std::vector<double>(9, 0.0));
  for (SliceHeader& header : headers) header.modality = "MR";
  expect_error(ErrorCode::kBadVolume, {"'a', 'b', 'c', 'd', 'e' and 4 more"},
               [&] { plan_series(headers); });
}

TEST(ResampleSeries, LeavesARegularSeriesAlone) {
  const SeriesLayout layout = plan_series(stack({2, 0, 1}), true);
  EXPECT_EQ(sources(layout), (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_FALSE(layout.resampled);
  EXPECT_TRUE(layout.notes.empty());
}

TEST(ResampleSeries, DropsRepeatedPositionsAndKeepsTheFirst) {
  const SeriesLayout layout = plan_series(stack({0, 2, 4, 2, 4}), true);
  EXPECT_EQ(sources(layout), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(layout.resampled);
  ASSERT_EQ(layout.notes.size(), 1U);
  EXPECT_EQ(layout.notes[0],
            "2 slices at repeated positions were dropped: 'd' repeats the position of 'b'; 'e' "
            "repeats the position of 'c'");
}

TEST(ResampleSeries, FillsMissingSlicesWithBlends) {
  const SeriesLayout layout = plan_series(stack({0, 2, 4, 10, 12}), true);
  EXPECT_TRUE(layout.resampled);
  EXPECT_EQ(layout.shape.slices, 7);
  EXPECT_EQ(layout.geometry.spacing_mm()[2], 2.0);
  ASSERT_EQ(layout.slices.size(), 7U);
  for (const std::size_t k : {3U, 4U}) {  // at 6 and 8 mm, between c and d
    EXPECT_EQ(layout.slices[k].lower, 2U);
    EXPECT_EQ(layout.slices[k].upper, 3U);
  }
  EXPECT_DOUBLE_EQ(layout.slices[3].weight, 1.0 / 3);
  EXPECT_DOUBLE_EQ(layout.slices[4].weight, 2.0 / 3);
  for (const std::size_t k : {0U, 1U, 2U, 5U, 6U}) EXPECT_EQ(layout.slices[k].weight, 0.0) << k;
  EXPECT_EQ(layout.slices[6].lower, 4U);
  ASSERT_EQ(layout.notes.size(), 1U);
  EXPECT_EQ(layout.notes[0],
            "resampled to 7 slices every 2 mm, 2 of them interpolated: 2 slices missing between "
            "'c' and 'd'");
}

TEST(ResampleSeries, PutsIrregularSlicesOnTheMedianGrid) {
  const std::vector<double> positions{0, 1, 2.4, 3, 4.5};
  const SeriesLayout layout = plan_series(stack(positions), true);
  EXPECT_EQ(layout.shape.slices, 5);
  for (std::size_t k = 0; k < layout.slices.size(); ++k) {
    const SliceBlend& blend = layout.slices[k];
    EXPECT_NEAR((1 - blend.weight) * positions[blend.lower] + blend.weight * positions[blend.upper],
                layout.geometry.to_world(VoxelIndex{static_cast<std::int64_t>(k), 0, 0})[2], 1e-9);
  }
  EXPECT_NE(layout.notes[0].find("the last 0.5 mm were left out"), std::string::npos);
}

TEST(ResampleSeries, RefusesToInventMostOfAVolume) {
  expect_error(ErrorCode::kBadVolume, {"1 mm", "4 slices into 1003", "at most twice as many"},
               [] { plan_series(stack({0, 1, 2, 1002}), true); });
  expect_error(ErrorCode::kBadVolume, {"at most twice as many"},
               [] { plan_series(stack({0, 1, 1e9}), true); });
}

}  // namespace
}  // namespace lungrt
