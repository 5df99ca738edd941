#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/series_headers.h"
#include "expect_error.h"
#include "lungrt/series.h"

namespace lungrt {
namespace {

using testing::axial;
using testing::expect_error;
using testing::stack;

using Headers = std::vector<SliceHeader>;
using Parts = std::vector<std::vector<std::size_t>>;
using Change = std::function<void(SliceHeader&)>;

/// Regular slices from `first` on.
Headers slices(int count, double first, double gap, const Change& change = [](SliceHeader&) {}) {
  Headers headers;
  for (int i = 0; i < count; ++i) {
    headers.push_back(axial(first + gap * i, "s" + std::to_string(i)));
    headers.back().instance_number = std::to_string(i + 1);
    change(headers.back());
  }
  return headers;
}

Headers operator+(Headers a, const Headers& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Indices of the slices of each part.
Parts parts_of(const Headers& headers) {
  Parts parts;
  for (const SeriesPart& part : split_series(headers).parts) parts.push_back(part.slices);
  return parts;
}

/// Expects two regular parts: the first `count` slices, and the others.
void expect_two_parts(const Headers& headers, std::size_t count) {
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 2U);
  for (const SeriesPart& part : split.parts) {
    EXPECT_EQ(part.problem, "");
    for (const std::size_t slice : part.slices) {
      EXPECT_EQ(slice < count, part.slices.front() < count);
    }
  }
  EXPECT_EQ(split.parts[0].slices.size() + split.parts[1].slices.size(), headers.size());
}

void expect_one_part(const Headers& headers) {
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 1U);
  EXPECT_EQ(split.parts[0].problem, "");
  EXPECT_EQ(split.parts[0].slices.size(), headers.size());
}

Change kernel(const std::string& name) {
  return [=](SliceHeader& h) { h.kernel = name; };
}
Change acquisition(const std::string& name) {
  return [=](SliceHeader& h) { h.acquisition = name; };
}

TEST(SplitSeries, ARegularSeriesIsOnePart) {
  const SeriesParts split = split_series(slices(5, 0, 2));
  ASSERT_EQ(split.parts.size(), 1U);
  EXPECT_EQ(split.parts[0].slices, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(split.notes.empty());
}

// Together they are regular, with half the gap: nothing but the attributes tells them apart.
TEST(SplitSeries, SlicesBetweenEachOther) {
  for (const auto text :
       {&SliceHeader::kernel, &SliceHeader::acquisition, &SliceHeader::phase,
        &SliceHeader::image_type, &SliceHeader::series_number, &SliceHeader::description}) {
    expect_two_parts(slices(6, 0, 2, [=](SliceHeader& h) { h.*text = "A"; }) +
                         slices(6, 1, 2, [=](SliceHeader& h) { h.*text = "B"; }),
                     6);
  }
}

TEST(SplitSeries, SlicesAtTheSamePositions) {
  expect_two_parts(slices(6, 0, 2, kernel("A")) + slices(6, 0, 2, kernel("B")), 6);
  expect_two_parts(slices(6, 0, 2, kernel("A")) + slices(6, 0, 2), 6);  // one has no kernel
  expect_two_parts(slices(9, 0, 2, kernel("A")) + slices(6, 4, 2, kernel("B")), 9);
}

TEST(SplitSeries, BothKernelsOfBothPhases) {
  Headers headers;
  for (const char* k : {"A", "B"}) {
    for (const char* p : {"1", "2"}) {
      headers = headers + slices(5, 0, 2, [=](SliceHeader& h) {
                  h.kernel = k;
                  h.phase = p;
                });
    }
  }
  EXPECT_EQ(parts_of(headers),
            (Parts{{0, 1, 2, 3, 4}, {10, 11, 12, 13, 14}, {5, 6, 7, 8, 9}, {15, 16, 17, 18, 19}}));
}

TEST(SplitSeries, SlicesOnLinesBesideEachOther) {
  const Change moved = [](SliceHeader& h) { h.position_mm[0] += 12; };
  expect_two_parts(slices(6, 0, 2) + slices(6, 1, 2, moved), 6);
  expect_two_parts(slices(6, 0, 2) + slices(6, 0, 2, moved), 6);
}

TEST(SplitSeries, RepeatedAcquisitionsByTheirInstanceNumbers) {
  Headers headers = slices(6, 0, 2) + slices(6, 0, 2);
  for (std::size_t i = 0; i < 12; ++i) headers[i].instance_number = std::to_string(i + 1);
  expect_two_parts(headers, 6);
  for (std::size_t i = 0; i < 6; ++i) {  // phase by phase at each position of the table
    headers[i].instance_number = std::to_string(2 * i + 1);
    headers[i + 6].instance_number = std::to_string(2 * i + 2);
  }
  expect_two_parts(headers, 6);
  for (std::size_t i = 0; i < 12; ++i) {  // numbers say nothing: nothing is guessed from them
    headers[i].instance_number = std::to_string(i * 5 % 12);
  }
  EXPECT_EQ(parts_of(headers).size(), 1U);
  for (SliceHeader& header : headers) header.instance_number = "";
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 1U);
  EXPECT_NE(split.parts[0].problem.find("repeats the position"), std::string::npos);
}

TEST(SplitSeries, SlicesBetweenEachOtherByTheirInstanceNumbers) {
  Headers headers = slices(6, 0, 2) + slices(6, 1, 2);
  for (std::size_t i = 0; i < 12; ++i) headers[i].instance_number = std::to_string(100 + i);
  expect_two_parts(headers, 6);
  for (std::size_t i = 0; i < 6; ++i) {  // the second one from the other end
    headers[i + 6].position_mm[2] -= 2;
    headers[i + 6].instance_number = std::to_string(120 - i);
  }
  expect_two_parts(headers, 6);
  headers = slices(6, 0, 2) + slices(6, 1, 2);
  for (std::size_t i = 0; i < 12; ++i) {  // in the order of the positions
    headers[i].instance_number = std::to_string(i < 6 ? 2 * i : 2 * i - 11);
  }
  expect_one_part(headers);
  for (SliceHeader& header : headers) header.instance_number = "1";
  expect_one_part(headers);
  for (std::size_t i = 0; i < 12; ++i) headers[i].instance_number = std::to_string(i * 5 % 12);
  expect_one_part(headers);
}

TEST(SplitSeries, FramesOfReferenceAreParts) {
  Headers headers = slices(10, 0, 2);
  for (std::size_t i = 0; i < 10; ++i) headers[i].frame_of_reference = i < 6 ? "A" : "B";
  expect_two_parts(headers, 6);
  for (std::size_t i = 0; i < 10; ++i) headers[i].frame_of_reference = i < 6 ? "A" : "";
  expect_one_part(headers);
}

TEST(SplitSeries, AFrameOfReferenceForEachSliceSaysNothing) {
  Headers headers = slices(10, 0, 2);
  for (std::size_t i = 0; i < 10; ++i) headers[i].frame_of_reference = std::to_string(i);
  expect_one_part(headers);
  EXPECT_NE(split_series(headers).notes.at(0).find("each of the 10 slices has a frame"),
            std::string::npos);
  // Of two kernels, both slices at a position share the frame.
  Headers both = headers + headers;
  for (std::size_t i = 0; i < 20; ++i) both[i].kernel = i < 10 ? "A" : "B";
  expect_two_parts(both, 10);
}

TEST(SplitSeries, WhatVariesFromSliceToSliceTearsNothingApart) {
  std::mt19937 random(5);
  for (const auto text : {&SliceHeader::kernel, &SliceHeader::acquisition, &SliceHeader::phase,
                          &SliceHeader::image_type, &SliceHeader::description}) {
    Headers headers = slices(12, 0, 2);
    for (std::size_t i = 0; i < 12; ++i) headers[i].*text = std::to_string(i);
    expect_one_part(headers);
    for (std::size_t i = 0; i < 12; ++i) headers[i].*text = std::to_string(i / 4);  // turns
    if (text != &SliceHeader::kernel) expect_one_part(headers);
    for (std::size_t i = 0; i < 12; ++i) headers[i].*text = i % 3 == 1 ? "" : "A";
    expect_one_part(headers);
    for (std::size_t i = 0; i < 12; ++i) headers[i].*text = i % 2 == 1 ? "" : "A";
    expect_one_part(headers);
    for (SliceHeader& header : headers) header.*text = random() % 2 == 0 ? "A" : "B";
    headers[0].*text = headers[1].*text = "A";
    headers[3].*text = "B";
    expect_one_part(headers);
  }
}

TEST(SplitSeries, AnotherScanFarAway) {
  expect_two_parts(slices(6, 0, 2, acquisition("1")) + slices(6, 100, 2, acquisition("2")), 6);
  // Another spacing.
  expect_two_parts(slices(6, 0, 2, acquisition("1")) + slices(6, 12, 5, acquisition("2")), 6);
}

TEST(SplitSeries, SlicesMissingBetweenTwoTurnsAreMissing) {
  const SeriesParts split =
      split_series(slices(6, 0, 2, acquisition("1")) + slices(6, 14, 2, acquisition("2")));
  ASSERT_EQ(split.parts.size(), 1U);
  EXPECT_NE(split.parts[0].problem.find("1 slice missing"), std::string::npos);
}

TEST(SplitSeries, ImagesThatWatchTheContrastAgent) {
  Headers headers = slices(20, 0, 2, acquisition("3"));
  for (int i = 0; i < 8; ++i) {
    headers.push_back(axial(10, "bolus" + std::to_string(i)));
    headers.back().acquisition = "2";
  }
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 2U);
  EXPECT_EQ(split.parts[0].problem, "");
  EXPECT_EQ(split.parts[0].slices.size(), 20U);
  EXPECT_NE(split.parts[1].problem.find("all slices lie at the position"), std::string::npos);
}

TEST(SplitSeries, OneReferenceImageOfAnotherKernel) {
  Headers headers = slices(20, 0, 2, kernel("A"));
  headers.push_back(axial(10, "reference"));
  headers.back().kernel = "B";
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 2U);
  EXPECT_EQ(split.parts[0].problem, "");
  EXPECT_EQ(split.parts[1].slices, std::vector<std::size_t>{20});
}

TEST(SplitSeries, AMissingSliceStaysAProblemOfItsPart) {
  Headers headers = slices(8, 0, 2, kernel("A")) + slices(8, 1, 2, kernel("B"));
  headers.erase(headers.begin() + 3);
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 2U);
  EXPECT_EQ(split.parts[0].problem, "");  // B, which has more slices
  EXPECT_NE(split.parts[1].problem.find("1 slice missing between 's2' and 's4'"),
            std::string::npos);
  headers.erase(headers.begin() + 10);  // and its neighbour of the other kernel
  EXPECT_EQ(split_series(headers).parts.size(), 2U);
}

TEST(SplitSeries, OtherOrientationsSizesAndPixels) {
  const Change coronal = [](SliceHeader& h) {
    h.orientation = {1, 0, 0, 0, 0, -1};
    h.position_mm = {-170, h.position_mm[2], 50};
  };
  expect_two_parts(slices(6, 0, 2) + slices(5, 0, 2, coronal), 6);
  expect_two_parts(slices(6, 0, 2) + slices(5, 0, 2, [](SliceHeader& h) { h.rows = 256; }), 6);
  expect_two_parts(
      slices(6, 0, 2) + slices(5, 0, 2, [](SliceHeader& h) { h.pixel_spacing_mm = {0.5, 0.5}; }),
      6);
}

TEST(SplitSeries, LocalizersAndOtherModalitiesAreInNoPart) {
  Headers headers = slices(4, 0, 2);
  headers[0].localizer = true;
  headers[1].modality = "SR";
  headers[1].orientation = {};
  const SeriesParts split = split_series(headers);
  ASSERT_EQ(split.parts.size(), 1U);
  EXPECT_EQ(split.parts[0].slices, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(split.notes, (std::vector<std::string>{"left out (the modality is not CT): 's1'",
                                                   "left out (localizer): 's0'"}));
  for (SliceHeader& header : headers) header.localizer = true;
  expect_error(ErrorCode::kBadVolume, {"localizer"}, [&] { split_series(headers); });
}

TEST(SplitSeries, RefusesPatientsSeriesAndInvalidHeaders) {
  expect_error(ErrorCode::kBadVolume, {"no slices"}, [] { split_series({}); });
  Headers headers = slices(4, 0, 2);
  headers[0].patient_id = "A";
  headers[3].patient_id = "B";
  expect_error(ErrorCode::kBadVolume, {"2 patients", "folder of its own"},
               [&] { split_series(headers); });
  headers = slices(4, 0, 2);
  headers[2].series_uid = "9";
  expect_error(ErrorCode::kBadVolume, {"2 series"}, [&] { split_series(headers); });
  headers = slices(4, 0, 2);
  headers[2].position_mm[0] = std::nan("");
  expect_error(ErrorCode::kBadVolume, {"not finite", "'s2'"}, [&] { split_series(headers); });
}

}  // namespace
}  // namespace lungrt
