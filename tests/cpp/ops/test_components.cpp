#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "expect_error.h"
#include "lungrt/mask.h"
#include "ops/components.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

/// Mask with one byte per voxel, the reference for the bit operations.
struct Voxels {
  VolumeShape shape;
  std::vector<std::uint8_t> set;

  explicit Voxels(const VolumeShape& s) : shape(s), set(static_cast<std::size_t>(s.voxels()), 0) {}

  std::size_t offset(const VoxelIndex& v) const {
    return static_cast<std::size_t>((v.slice * shape.rows + v.row) * shape.columns + v.column);
  }
  std::uint8_t& operator[](const VoxelIndex& v) { return set[offset(v)]; }
  bool at(const VoxelIndex& v) const { return shape.contains(v) && set[offset(v)] != 0; }
  NoduleMask bits() const { return NoduleMask::from_bytes(set.data(), shape); }

  template <typename Function>
  void for_each(const Function& function) const {
    for (std::int64_t z = 0; z < shape.slices; ++z)
      for (std::int64_t y = 0; y < shape.rows; ++y)
        for (std::int64_t x = 0; x < shape.columns; ++x) function(VoxelIndex{z, y, x});
  }
};

std::array<VoxelIndex, 6> neighbours(const VoxelIndex& v) {
  return {{{v.slice - 1, v.row, v.column},
           {v.slice, v.row - 1, v.column},
           {v.slice, v.row, v.column - 1},
           {v.slice, v.row, v.column + 1},
           {v.slice, v.row + 1, v.column},
           {v.slice + 1, v.row, v.column}}};
}

Voxels eroded(const Voxels& voxels) {
  Voxels result(voxels.shape);
  voxels.for_each([&](const VoxelIndex& v) {
    const auto around = neighbours(v);
    result[v] = voxels.at(v) && std::all_of(around.begin(), around.end(),
                                            [&](const VoxelIndex& n) { return voxels.at(n); });
  });
  return result;
}

/// Voxels of each component by flood fill, in scan order of their first voxels.
std::vector<std::vector<VoxelIndex>> flood_filled(const Voxels& voxels) {
  std::vector<std::vector<VoxelIndex>> components;
  Voxels left = voxels;
  voxels.for_each([&](const VoxelIndex& first) {
    if (!left.at(first)) return;
    std::vector<VoxelIndex> members{first};
    left[first] = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const VoxelIndex& n : neighbours(members[i])) {
        if (!left.at(n)) continue;
        left[n] = 0;
        members.push_back(n);
      }
    }
    components.push_back(std::move(members));
  });
  return components;
}

std::int64_t dilated_count(const std::vector<VoxelIndex>& members, const VolumeShape& shape) {
  Voxels dilated(shape);
  for (const VoxelIndex& v : members) {
    dilated[v] = 1;
    for (const VoxelIndex& n : neighbours(v)) {
      if (shape.contains(n)) dilated[n] = 1;
    }
  }
  return std::count(dilated.set.begin(), dilated.set.end(), 1);
}

/// Hounsfield units in the whole range of int16, so that clamping matters.
std::vector<std::int16_t> random_hu(const VolumeShape& shape, std::mt19937& random) {
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  std::uniform_int_distribution<int> near(-1500, 1500), any(-32768, 32767);
  for (std::int16_t& value : hu) {
    value = static_cast<std::int16_t>(random() % 4 == 0 ? any(random) : near(random));
  }
  return hu;
}

void expect_labels(const LabelledRuns& labelled, const Voxels& voxels,
                   const std::vector<std::vector<VoxelIndex>>& expected) {
  std::vector<std::int32_t> labels(voxels.set.size(), -1);
  std::int64_t set = 0;
  const Run* last = nullptr;
  for (const Run& run : labelled.runs) {
    ASSERT_LT(run.begin, run.end);
    if (last != nullptr) {  // in scan order, and maximal
      ASSERT_LT(std::tuple(last->slice, last->row, last->end),
                std::tuple(run.slice, run.row, run.begin));
    }
    last = &run;
    for (std::int32_t x = run.begin; x < run.end; ++x, ++set) {
      labels[voxels.offset({run.slice, run.row, x})] = run.component;
    }
  }
  ASSERT_EQ(labelled.voxels, set);
  ASSERT_EQ(static_cast<std::size_t>(labelled.count), expected.size());
  std::vector<std::int32_t> expected_labels(labels.size(), -1);
  for (std::size_t c = 0; c < expected.size(); ++c) {
    for (const VoxelIndex& v : expected[c]) {
      expected_labels[voxels.offset(v)] = static_cast<std::int32_t>(c);
    }
  }
  ASSERT_EQ(labels, expected_labels);
}

/// Compares all operations on one mask with the byte-wise versions above.
void expect_parity(const Voxels& voxels, std::mt19937& random) {
  const NoduleMask mask = voxels.bits();
  expect_labels(label_runs(mask), voxels, flood_filled(voxels));

  const Voxels core = eroded(voxels);
  const auto expected = flood_filled(core);
  expect_labels(label_eroded_runs(mask), core, expected);

  const std::vector<std::int16_t> hu = random_hu(voxels.shape, random);
  const Components found = eroded_components(mask, CtVolume(hu.data(), voxels.shape, {}, nullptr));
  ASSERT_EQ(found.components.size(), expected.size());
  std::int64_t total = 0;
  for (std::size_t c = 0; c < expected.size(); ++c) {
    std::int64_t weight = 0, slice = 0, row = 0, column = 0;
    for (const VoxelIndex& v : expected[c]) {
      const std::int64_t w = std::clamp<std::int64_t>(hu[voxels.offset(v)], -1000, 1000) + 1001;
      weight += w;
      slice += w * v.slice;
      row += w * v.row;
      column += w * v.column;
    }
    const auto center = [&](std::int64_t sum) {
      return static_cast<double>(sum) / static_cast<double>(weight);
    };
    const Component& component = found.components[c];
    ASSERT_EQ(component.voxels, static_cast<std::int64_t>(expected[c].size()));
    ASSERT_EQ(component.center,
              (std::array<double, 3>{center(slice), center(row), center(column)}));
    ASSERT_EQ(component.dilated_voxels, dilated_count(expected[c], voxels.shape));
    total += component.voxels;
  }
  ASSERT_EQ(found.voxels, total);
}

class RandomMasks : public ::testing::TestWithParam<VolumeShape> {};

TEST_P(RandomMasks, AgreeWithFloodFill) {
  std::mt19937 random(11);
  for (const double density : {0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.93, 0.97, 0.995}) {
    SCOPED_TRACE(density);
    Voxels voxels(GetParam());
    std::bernoulli_distribution coin(density);
    for (std::uint8_t& voxel : voxels.set) voxel = coin(random);
    ASSERT_NO_FATAL_FAILURE(expect_parity(voxels, random));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RandomMasks,
    ::testing::Values(VolumeShape{1, 1, 1}, VolumeShape{1, 9, 9}, VolumeShape{2, 9, 9},
                      VolumeShape{3, 40, 1}, VolumeShape{3, 1, 40}, VolumeShape{3, 3, 3},
                      VolumeShape{31, 4, 5}, VolumeShape{3, 9, 62}, VolumeShape{3, 9, 63},
                      VolumeShape{3, 9, 64}, VolumeShape{3, 9, 65}, VolumeShape{3, 7, 127},
                      VolumeShape{3, 7, 128}, VolumeShape{4, 6, 129}, VolumeShape{5, 8, 200}),
    [](const auto& tested) {
      return std::to_string(tested.param.slices) + "x" + std::to_string(tested.param.rows) + "x" +
             std::to_string(tested.param.columns);
    });

Voxels drawn(const VolumeShape& shape, const std::function<bool(const VoxelIndex&)>& holds) {
  Voxels voxels(shape);
  voxels.for_each([&](const VoxelIndex& v) { voxels[v] = holds(v); });
  return voxels;
}

TEST(Components, EmptyIsAResult) {
  const Voxels voxels({3, 4, 70});
  std::mt19937 random(1);
  expect_parity(voxels, random);
  EXPECT_EQ(label_runs(voxels.bits()).count, 0);
}

TEST(Components, OneHugeComponent) {
  std::mt19937 random(2);
  for (const std::int64_t columns : {64, 65, 128, 150}) {
    const Voxels voxels = drawn({5, 20, columns}, [](const VoxelIndex&) { return true; });
    expect_parity(voxels, random);
    const Components found = eroded_components(
        voxels.bits(), CtVolume(random_hu(voxels.shape, random).data(), voxels.shape, {}, nullptr));
    ASSERT_EQ(found.components.size(), 1U);
    EXPECT_EQ(found.voxels, 3 * 18 * (columns - 2));
  }
}

TEST(Components, ComponentsOnEveryBorder) {
  std::mt19937 random(3);
  for (const std::int64_t columns : {63, 64, 65, 130}) {
    const VolumeShape shape{5, 9, columns};
    // Blocks of three voxels at all corners and the middles of edges and faces.
    const auto near = [](std::int64_t i, std::int64_t n) {
      return i < 3 || i >= n - 3 || (i >= n / 2 - 1 && i <= n / 2 + 1);
    };
    expect_parity(drawn(shape,
                        [&](const VoxelIndex& v) {
                          return near(v.row, 9) && near(v.column, columns) &&
                                 (v.slice < 2 || v.slice > 2);
                        }),
                  random);
    // Only faces: nothing survives the erosion.
    const Voxels shell = drawn(shape, [&](const VoxelIndex& v) {
      return v.slice == 0 || v.slice == 4 || v.row == 0 || v.row == 8 || v.column == 0 ||
             v.column == columns - 1;
    });
    expect_parity(shell, random);
    EXPECT_TRUE(label_eroded_runs(shell.bits()).runs.empty());
  }
}

TEST(Components, CheckerboardsOfSingleVoxels) {
  std::mt19937 random(4);
  const VolumeShape shape{4, 6, 66};
  const Voxels voxels =
      drawn(shape, [](const VoxelIndex& v) { return (v.slice + v.row + v.column) % 2 == 0; });
  expect_parity(voxels, random);
  EXPECT_EQ(label_runs(voxels.bits()).count, 4 * 6 * 66 / 2);
}

// Combs, spirals and Vs: labels that meet only after many others were assigned.
TEST(Components, LabelsThatMergeLate) {
  std::mt19937 random(5);
  const VolumeShape flat{1, 40, 131}, deep{40, 3, 67};
  // A comb joined by a bar in the last row; and one whose teeth are joined in pairs first.
  expect_parity(drawn(flat, [](const VoxelIndex& v) { return v.column % 2 == 0 || v.row == 39; }),
                random);
  expect_parity(drawn(flat,
                      [](const VoxelIndex& v) {
                        return v.column % 2 == 0 || (v.row == 10 && v.column % 4 != 3) ||
                               (v.row == 20 && v.column % 8 != 7) ||
                               (v.row == 30 && v.column % 16 != 15);
                      }),
                random);
  expect_parity(drawn(deep, [](const VoxelIndex& v) { return v.column % 2 == 0 || v.slice == 39; }),
                random);
  // A snake that turns at alternate ends: one component of many runs.
  const Voxels snake = drawn(flat, [](const VoxelIndex& v) {
    return v.row % 2 == 0 || v.column == (v.row % 4 == 1 ? 130 : 0);
  });
  expect_parity(snake, random);
  EXPECT_EQ(label_runs(snake.bits()).count, 1);
  // Steps that descend to the left: each row starts before the one above it.
  expect_parity(drawn(flat,
                      [](const VoxelIndex& v) {
                        const std::int64_t from = 120 - 3 * v.row;
                        return v.column >= from && v.column < from + 4;
                      }),
                random);
  // Nested Us, two columns apart: each has two labels until its bottom.
  expect_parity(drawn(flat,
                      [](const VoxelIndex& v) {
                        const std::int64_t side = std::abs(v.column - 65);
                        const bool arm = side % 2 == 0 && v.row <= side;
                        const bool bottom = v.row % 2 == 0 && side <= v.row;
                        return arm || bottom;
                      }),
                random);
}

// The same shapes, thick enough to survive an erosion.
TEST(Components, ThickFiguresSurviveErosion) {
  std::mt19937 random(6);
  const VolumeShape shape{7, 36, 133};
  expect_parity(drawn(shape,
                      [](const VoxelIndex& v) {
                        return v.column % 8 < 4 || v.row >= 32 || (v.slice > 3 && v.row < 4);
                      }),
                random);
  expect_parity(drawn(shape,
                      [](const VoxelIndex& v) {
                        return v.row % 8 < 4 || (v.row % 16 < 8 ? v.column > 128 : v.column < 4);
                      }),
                random);
  // They touch after dilation, but each component is counted separately.
  expect_parity(drawn(shape, [](const VoxelIndex& v) { return v.column % 4 != 3; }), random);
}

TEST(Components, NumberedInScanOrderOfFirstVoxelsAfterMerges) {
  const std::vector<std::string> picture{".....#",  // the right arm comes first,
                                         "#.#..#",  // the left one is another label at first
                                         "#....#",  //
                                         "######"};
  const Voxels voxels = drawn({1, 4, 6}, [&](const VoxelIndex& v) {
    return picture[static_cast<std::size_t>(v.row)][static_cast<std::size_t>(v.column)] == '#';
  });
  EXPECT_EQ(label(voxels.bits()).labels, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 1,  //
                                                                    1, 0, 2, 0, 0, 1,  //
                                                                    1, 0, 0, 0, 0, 1,  //
                                                                    1, 1, 1, 1, 1, 1}));
}

TEST(Components, SumsNeedMoreThan32Bits) {
  const Voxels voxels = drawn({3, 3, 100'001}, [](const VoxelIndex&) { return true; });
  const std::vector<std::int16_t> hu(voxels.set.size(), 1000);
  const Components found =
      eroded_components(voxels.bits(), CtVolume(hu.data(), voxels.shape, {}, nullptr));
  ASSERT_EQ(found.components.size(), 1U);
  EXPECT_EQ(found.components[0].center, (std::array<double, 3>{1, 1, 50'000}));
}

TEST(Components, RefusesVolumesWhoseMomentsCouldOverflow) {
  const VolumeShape shape{1, 1, 100'000'000};
  const std::int16_t never_read = 0;
  const CtVolume volume(&never_read, shape, {}, nullptr);
  const NoduleMask mask(shape);
  expect_error(ErrorCode::kResourceLimit, {"1 x 1 x 100000000", "64 bits"},
               [&] { eroded_components(mask, volume); });
}

TEST(Components, RefusesAVolumeOfAnotherShape) {
  const std::int16_t voxel = 0;
  const CtVolume volume(&voxel, {1, 1, 1}, {}, nullptr);
  expect_error(ErrorCode::kInvalidArgument, {"1 x 1 x 2", "1 x 1 x 1"},
               [&] { eroded_components(NoduleMask({1, 1, 2}), volume); });
}

TEST(ErodeRow, ClearsWhatWasThereAndTellsWhetherAnythingIsSet) {
  const Voxels cube = drawn({3, 3, 67}, [](const VoxelIndex& v) { return v.column > 60; });
  std::vector<std::uint64_t> bits(2, ~std::uint64_t{0});
  EXPECT_FALSE(erode_row(cube.bits(), 0, 1, bits.data()));
  EXPECT_EQ(bits, (std::vector<std::uint64_t>{0, 0}));
  EXPECT_TRUE(erode_row(cube.bits(), 1, 1, bits.data()));
  // Columns 62 to 65; the shape ends at columns 61 and 66.
  EXPECT_EQ(bits, (std::vector<std::uint64_t>{std::uint64_t{3} << 62, 3}));
}

TEST(MaskOperations, ErodeAgreesWithTheByteWiseVersion) {
  std::mt19937 random(8);
  for (const std::int64_t columns : {1, 63, 64, 65, 200}) {
    Voxels voxels({4, 5, columns});
    for (std::uint8_t& voxel : voxels.set) voxel = random() % 8 != 0;
    std::vector<std::uint8_t> bytes(voxels.set.size());
    erode(voxels.bits()).to_bytes(bytes.data());
    EXPECT_EQ(bytes, eroded(voxels).set);
  }
}

TEST(MaskOperations, LabelCountsFromOne) {
  const Voxels voxels = drawn({2, 2, 70}, [](const VoxelIndex& v) {
    return v.column == 0 || v.column == 69 || (v.slice == 1 && v.row == 1 && v.column == 64);
  });
  const LabelVolume result = label(voxels.bits());
  EXPECT_EQ(result.shape, voxels.shape);
  EXPECT_EQ(result.count, 3);
  std::vector<std::int32_t> expected(voxels.set.size(), 0);
  voxels.for_each([&](const VoxelIndex& v) {
    if (voxels.at(v)) expected[voxels.offset(v)] = v.column == 0 ? 1 : v.column == 69 ? 2 : 3;
  });
  EXPECT_EQ(result.labels, expected);
}

}  // namespace
}  // namespace lungrt::ops
