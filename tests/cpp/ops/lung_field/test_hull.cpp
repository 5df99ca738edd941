#include <gtest/gtest.h>

#include "ops/lung_field/cell_test.h"
#include "ops/lung_field/hull.h"

namespace lungrt::ops {
namespace {

using testing::drawn;
using testing::expect_same;
using testing::random_mask;

TEST(Hull, FillsAConcavity) {
  expect_same(axial_hulls(drawn({"#...#", "#...#", "#####"})), drawn({"#####", "#####", "#####"}));
  expect_same(axial_hulls(drawn({"..", ".."})), drawn({"..", ".."}));
}

/// Whether a point lies in the triangle of three other points or on its border.
bool in_triangle(const VoxelIndex& p, const VoxelIndex& a, const VoxelIndex& b,
                 const VoxelIndex& c) {
  const auto side = [](const VoxelIndex& u, const VoxelIndex& v, const VoxelIndex& w) {
    return (v.column - u.column) * (w.row - u.row) - (v.row - u.row) * (w.column - u.column);
  };
  const auto d = side(a, b, p), e = side(b, c, p), f = side(c, a, p);
  return !((d < 0 || e < 0 || f < 0) && (d > 0 || e > 0 || f > 0)) &&
         std::min({a.column, b.column, c.column}) <= p.column &&
         p.column <= std::max({a.column, b.column, c.column}) &&
         std::min({a.row, b.row, c.row}) <= p.row && p.row <= std::max({a.row, b.row, c.row});
}

TEST(Hull, HoldsEveryTriangleOfSetCells) {
  const CellMask mask = random_mask({2, 9, 11}, 0.06, 21);
  const CellMask hull = axial_hulls(mask);
  std::vector<VoxelIndex> set;
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    if (mask[cell]) set.push_back(mask.place(cell));
  }
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    const VoxelIndex p = mask.place(cell);
    for (const VoxelIndex& a : set) {
      for (const VoxelIndex& b : set) {
        for (const VoxelIndex& c : set) {
          if (a.slice != p.slice || b.slice != p.slice || c.slice != p.slice) continue;
          ASSERT_TRUE(hull[cell] || !in_triangle(p, a, b, c)) << p.row << " " << p.column;
        }
      }
    }
  }
}

TEST(Hull, OfThreePlanesAlsoFillsAlongTheSlices) {
  CellMask ends({5, 3, 3});
  ends.at(0, 1, 1) = ends.at(4, 1, 1) = 1;
  const CellMask hull = hulls_in_three_planes(ends);
  for (std::int64_t s = 0; s < 5; ++s) EXPECT_EQ(hull.at(s, 1, 1), 1) << s;
  EXPECT_EQ(count(hull), 5);
}

}  // namespace
}  // namespace lungrt::ops
