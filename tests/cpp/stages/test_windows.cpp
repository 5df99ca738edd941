#include <gtest/gtest.h>

#include "stages/windows.h"

namespace lungrt {
namespace {

using ops::SliceWindow;

InputContract contract(std::int64_t multiple) {
  InputContract input;
  input.size_multiple = multiple;
  return input;
}

TEST(WindowPlanner, SeesTheReceptiveRadiusBeyondWhatIsKnown) {
  const VolumeShape shape{9, 512, 500};
  for (const std::int64_t multiple : {1, 4, 16}) {
    const WindowPlanner planner(shape, contract(multiple), 23);
    for (const SliceWindow wanted :
         {SliceWindow{100, 150, 80, 90}, {0, 0, 5, 5}, {400, 420, 112, 80}, {3, 471, 20, 28}}) {
      const SlicePart part = planner.part(4, wanted);
      EXPECT_EQ(part.slice, 4);
      EXPECT_EQ(ops::around(part.known, wanted), part.known);
      // Where the window ends within the slice, the radius lies between; at the slice's edge
      // nothing.
      const auto check = [](std::int64_t seen, std::int64_t known, std::int64_t edge) {
        EXPECT_TRUE(seen == edge ? known == edge : std::abs(seen - known) >= 23)
            << seen << " " << known;
      };
      check(part.seen.first_row, part.known.first_row, 0);
      check(part.seen.first_column, part.known.first_column, 0);
      check(part.seen.last_row(), part.known.last_row(), shape.rows);
      check(part.seen.last_column(), part.known.last_column(), shape.columns);
      EXPECT_EQ(part.seen.first_row % (4 * multiple), 0);
      EXPECT_EQ(part.seen.first_column % (4 * multiple), 0);
      EXPECT_TRUE(part.seen.last_row() == shape.rows || part.seen.rows % multiple == 0);
    }
  }
}

TEST(WindowPlanner, SizesRepeat) {
  const WindowPlanner planner({9, 512, 512}, contract(4), 23);
  for (std::int64_t rows = 60; rows < 110; ++rows) {
    const SliceWindow seen = planner.part(0, {100, 100, rows, rows}).seen;
    EXPECT_EQ(seen.rows % 32, 0);
  }
}

TEST(WindowPlanner, TakesWholeSlicesWhereTheReceptiveRadiusIsNotKnown) {
  const WindowPlanner planner({9, 60, 70}, contract(4), std::nullopt);
  const SlicePart part = planner.part(2, {10, 10, 5, 5});
  EXPECT_EQ(part.seen, (SliceWindow{0, 0, 60, 70}));
  EXPECT_EQ(part.known, part.seen);
}

TEST(ReceptiveRadiusOf, IsTheEnsemblesLargestAndOnlyKnownWhereAllAre) {
  StageManifest stage;
  stage.networks.resize(2);
  stage.networks[0].receptive_radius = 23;
  EXPECT_EQ(receptive_radius_of(stage), std::nullopt);
  stage.networks[1].receptive_radius = 51;
  EXPECT_EQ(receptive_radius_of(stage), 51);
}

}  // namespace
}  // namespace lungrt
