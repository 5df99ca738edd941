#include <gtest/gtest.h>

#include <cmath>

#include "stages/merge_marks.h"

namespace lungrt {
namespace {

Finding mark(double x_mm, double diameter_mm, double p_nodule) {
  Finding finding;
  finding.center_mm = {x_mm, 0, 0};
  finding.index = {0, 0, static_cast<std::int64_t>(x_mm)};
  finding.diameter_mm = diameter_mm;
  finding.volume_mm3 = std::pow(diameter_mm, 3) * 3.14159265358979 / 6;
  finding.box = {finding.index, finding.index};
  finding.p_nodule = p_nodule;
  return finding;
}

std::vector<std::vector<std::int64_t>> marks_of(const std::vector<Nodule>& nodules) {
  std::vector<std::vector<std::int64_t>> marks;
  for (const Nodule& nodule : nodules) marks.push_back(nodule.marks);
  return marks;
}

using Groups = std::vector<std::vector<std::int64_t>>;

TEST(ListNodules, TakesWhatIsAboveTheThresholdMostLikelyFirst) {
  const std::vector<Finding> findings{mark(0, 4, 0.6), mark(1, 4, 0.5), mark(2, 4, 0.9),
                                      mark(3, 4, 0.6)};
  EXPECT_EQ(marks_of(list_nodules(findings, 0.5)), (Groups{{2}, {0}, {3}}));
  EXPECT_TRUE(list_nodules({}, 0.5).empty());
}

TEST(MergeMarks, JoinsSpheresThatNearlyTouchAndCentresThatAreNear) {
  // Spheres of 10 and 6 mm: 8 + 2 mm apart is one lesion, a little more is two.
  EXPECT_EQ(marks_of(merge_marks({mark(0, 10, 0.9), mark(10, 6, 0.8)}, 0.5, {})), (Groups{{0, 1}}));
  EXPECT_EQ(marks_of(merge_marks({mark(0, 10, 0.9), mark(10.1, 6, 0.8)}, 0.5, {})),
            (Groups{{0}, {1}}));
  EXPECT_EQ(marks_of(merge_marks({mark(0, 1, 0.9), mark(5, 1, 0.8)}, 0.5, {})), (Groups{{0, 1}}));
  EXPECT_EQ(marks_of(merge_marks({mark(0, 1, 0.9), mark(5.1, 1, 0.8)}, 0.5, {})),
            (Groups{{0}, {1}}));
}

TEST(MergeMarks, JoinsOverOthersButNotOverWhatIsNoNodule) {
  EXPECT_EQ(marks_of(merge_marks({mark(0, 2, 0.7), mark(4, 2, 0.8), mark(8, 2, 0.9)}, 0.5, {})),
            (Groups{{2, 1, 0}}));
  EXPECT_EQ(marks_of(merge_marks({mark(0, 2, 0.7), mark(4, 2, 0.4), mark(8, 2, 0.9)}, 0.5, {})),
            (Groups{{2}, {0}}));
}

TEST(MergeMarks, TheMostLikelyMarkStandsForAllAndExtentsAddUp) {
  Finding small = mark(4, 2, 0.7), large = mark(0, 6, 0.95);
  small.p_malignant = 0.9;
  large.p_malignant = 0.2;
  large.box = {{0, 0, 0}, {2, 3, 4}};
  small.box = {{1, 1, 4}, {5, 2, 9}};
  const Geometry geometry({}, {0.5, 1, 2}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  const std::vector<Nodule> nodules = merge_marks({small, large}, 0.5, geometry);
  ASSERT_EQ(nodules.size(), 1U);
  const Nodule& nodule = nodules.front();
  EXPECT_EQ(nodule.marks, (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(nodule.center_mm, large.center_mm);
  EXPECT_EQ(nodule.p_nodule, 0.95);
  EXPECT_EQ(nodule.p_malignant, 0.9);  // the highest of its marks
  EXPECT_DOUBLE_EQ(nodule.volume_mm3, small.volume_mm3 + large.volume_mm3);
  EXPECT_NEAR(nodule.diameter_mm, std::cbrt(6.0 * 6 * 6 + 2 * 2 * 2), 1e-9);
  EXPECT_EQ(nodule.box, (VoxelBox{{0, 0, 0}, {5, 3, 9}}));
  EXPECT_EQ(nodule.extent_mm, (Vec3{5, 4, 12}));
}

}  // namespace
}  // namespace lungrt
