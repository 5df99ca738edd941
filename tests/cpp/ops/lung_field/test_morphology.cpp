#include <gtest/gtest.h>

#include "ops/lung_field/cell_test.h"
#include "ops/lung_field/morphology.h"

namespace lungrt::ops {
namespace {

using testing::drawn;
using testing::expect_same;
using testing::random_mask;

/// Whether a cell or one of its neighbours is set, by definition.
bool near_set(const CellMask& mask, const VoxelIndex& at, bool between_slices) {
  const VolumeShape& shape = mask.shape();
  const auto set = [&](std::int64_t s, std::int64_t r, std::int64_t c) {
    return shape.contains({s, r, c}) && mask.at(s, r, c) != 0;
  };
  const auto& [s, r, c] = at;
  return set(s, r, c) || set(s, r - 1, c) || set(s, r + 1, c) || set(s, r, c - 1) ||
         set(s, r, c + 1) || (between_slices && (set(s - 1, r, c) || set(s + 1, r, c)));
}

TEST(Morphology, DilatesAndErodesByTheirDefinitions) {
  for (const VolumeShape shape :
       {VolumeShape{1, 1, 1}, {1, 5, 7}, {4, 1, 6}, {3, 6, 1}, {5, 6, 7}}) {
    const CellMask mask = random_mask(shape, 0.2, 3);
    expect_same(dilate(mask), mask_where(shape, [&](std::int64_t cell) {
                  return near_set(mask, mask.place(cell), true);
                }));
    expect_same(dilate_in_slices(mask, 2), dilate_in_slices(dilate_in_slices(mask)));
    const CellMask holes = mask_where(shape, [&](std::int64_t cell) { return !mask[cell]; });
    expect_same(erode_in_slices(mask), mask_where(shape, [&](std::int64_t cell) {
                  return !near_set(holes, mask.place(cell), false);
                }));
  }
}

TEST(Morphology, FillsWhatIsCutOffFromTheEdge) {
  CellMask mask = drawn({"#####.", "#...#.", "#.#.##", "#...#.", "####.."});
  fill_holes_in_slices(mask);
  expect_same(mask, drawn({"#####.", "#####.", "######", "#####.", "####.."}));
  // A gap at a corner does not connect the background, which is 4-connected.
  CellMask open = drawn({".##", "#.#", "#.."});
  fill_holes_in_slices(open);
  expect_same(open, drawn({".##", "#.#", "#.."}));
}

TEST(Morphology, ReachesThroughWhatIsAllowed) {
  CellMask within({2, 2, 4});
  for (const std::int64_t cell : {0, 1, 9, 10, 15}) within[cell] = 1;  // (1,1,3) is apart
  CellMask seeds({2, 2, 4});
  seeds[0] = seeds[7] = 1;  // the second seed is not in `within`, but is kept
  const CellMask reached = reach(seeds, within);
  for (std::int64_t cell = 0; cell < reached.size(); ++cell) {
    // From cell 7, (0, 1, 3), the cell 15, (1, 1, 3), is a neighbour.
    const bool expected =
        cell == 0 || cell == 1 || cell == 9 || cell == 10 || cell == 7 || cell == 15;
    EXPECT_EQ(reached[cell] != 0, expected) << cell;
  }
}

}  // namespace
}  // namespace lungrt::ops
