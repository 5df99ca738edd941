#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "grids.h"
#include "lungrt/mask.h"
#include "ops/components.h"
#include "ops/cuda/labelling.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::HostGrid;
using lungrt::testing::HostMachine;

using Predicate = std::function<bool(std::int64_t, std::int64_t, std::int64_t)>;

NoduleMask mask_where(const VolumeShape& shape, const Predicate& set) {
  std::vector<std::uint8_t> bytes;
  for (std::int64_t z = 0; z < shape.slices; ++z)
    for (std::int64_t y = 0; y < shape.rows; ++y)
      for (std::int64_t x = 0; x < shape.columns; ++x) bytes.push_back(set(z, y, x) ? 1 : 0);
  return NoduleMask::from_bytes(bytes.data(), shape);
}

/// Hounsfield units in the whole range of int16, so that clamping matters.
std::vector<std::int16_t> random_hu(const VolumeShape& shape) {
  std::mt19937 random(5);
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  for (std::int16_t& value : hu) {
    value = static_cast<std::int16_t>(random() % 4 == 0 ? static_cast<int>(random() % 65536) - 32768
                                                        : static_cast<int>(random() % 3001) - 1500);
  }
  return hu;
}

cuda::MaskShape shape_of(const NoduleMask& mask) {
  const VolumeShape& shape = mask.shape();
  return {static_cast<std::int32_t>(shape.slices), static_cast<std::int32_t>(shape.rows),
          static_cast<std::int32_t>(shape.columns),
          static_cast<std::int32_t>(mask.words_per_row())};
}

void expect_same_runs(const cuda::Labelling<HostMachine>& labelling, const LabelledRuns& expected,
                      std::int64_t rows) {
  std::vector<cuda::Run> runs;
  std::vector<std::int32_t> components;
  labelling.read_runs(runs, components);
  ASSERT_EQ(runs.size(), expected.runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = expected.runs[i];
    ASSERT_EQ(runs[i].row, run.slice * rows + run.row) << i;
    ASSERT_EQ(runs[i].begin, run.begin) << i;
    ASSERT_EQ(runs[i].end, run.end) << i;
    ASSERT_EQ(components[i], run.component) << i;
  }
}

void expect_same_components(const std::vector<cuda::ComponentSums>& found,
                            const Components& expected) {
  ASSERT_EQ(found.size(), expected.components.size());
  std::int64_t voxels = 0;
  for (std::size_t c = 0; c < found.size(); ++c) {
    const Component& component = expected.components[c];
    const auto center = [&](std::int64_t sum) {
      return static_cast<double>(sum) / static_cast<double>(found[c].weight);
    };
    ASSERT_EQ(found[c].voxels, component.voxels) << c;
    ASSERT_EQ((std::array<double, 3>{center(found[c].by_slice), center(found[c].by_row),
                                     center(found[c].by_column)}),
              component.center)
        << c;
    ASSERT_EQ(found[c].voxels + found[c].shell, component.dilated_voxels) << c;
    ASSERT_EQ((VoxelIndex{kLungrtCudaFar + found[c].low_slice, kLungrtCudaFar + found[c].low_row,
                          kLungrtCudaFar + found[c].low_column}),
              component.first)
        << c;
    ASSERT_EQ(
        (VoxelIndex{-1 - found[c].high_slice, -1 - found[c].high_row, -1 - found[c].high_column}),
        component.last)
        << c;
    voxels += found[c].voxels;
  }
  ASSERT_EQ(voxels, expected.voxels);
}

/// Compares everything that is computed from a mask, on every grid, with the CPU's results.
void expect_parity(const NoduleMask& mask) {
  const std::vector<std::int16_t> hu = random_hu(mask.shape());
  const CtVolume volume(hu.data(), mask.shape(), {}, nullptr);
  const LabelledRuns plain = label_runs(mask), eroded = label_eroded_runs(mask);
  const Components components = eroded_components(mask, volume);
  for (const HostGrid& grid : lungrt::testing::host_grids()) {
    SCOPED_TRACE(std::to_string(grid.threads) + " threads, seed " + std::to_string(grid.seed));
    HostMachine machine(grid);
    cuda::Labelling<HostMachine> labelling(machine);
    expect_same_components(labelling.components(mask.row(0, 0), hu.data(), shape_of(mask)),
                           components);
    expect_same_runs(labelling, eroded, mask.shape().rows);
    // Without erosion: also covers masks of which erosion would leave little.
    const auto found =
        labelling.components(mask.row(0, 0), hu.data(), shape_of(mask), /*erode=*/false);
    ASSERT_EQ(found.size(), static_cast<std::size_t>(plain.count));
    expect_same_runs(labelling, plain, mask.shape().rows);
  }
}

TEST(CudaLabelling, AgreesOnRandomMasks) {
  std::mt19937 random(11);
  for (const VolumeShape shape : {VolumeShape{1, 1, 1},
                                  {3, 3, 3},
                                  {4, 5, 63},
                                  {4, 5, 64},
                                  {4, 6, 65},
                                  {5, 4, 127},
                                  {3, 5, 128},
                                  {3, 4, 130},
                                  {9, 17, 20}}) {
    for (const double density : {0.05, 0.3, 0.5, 0.8, 0.95, 0.99}) {
      SCOPED_TRACE(std::to_string(shape.columns) + " columns, density " + std::to_string(density));
      std::bernoulli_distribution coin(density);
      expect_parity(mask_where(shape, [&](auto, auto, auto) { return coin(random); }));
    }
  }
}

TEST(CudaLabelling, AgreesOnMasksThatAreHard) {
  const VolumeShape shape{6, 37, 131};
  const auto parity = [](int n) { return [n](auto z, auto y, auto x) { return (z + y + x) % n; }; };
  const std::vector<std::pair<const char*, Predicate>> hard{
      {"nothing", [](auto, auto, auto) { return false; }},
      {"everything", [](auto, auto, auto) { return true; }},
      {"one voxel", [](auto z, auto y, auto x) { return z == 2 && y == 9 && x == 64; }},
      {"checkerboard", [&](auto z, auto y, auto x) { return parity(2)(z, y, x) == 0; }},
      {"columns", [](auto, auto, auto x) { return x % 2 == 0; }},
      {"a comb that only its last row joins",
       [](auto, auto y, auto x) { return x % 2 == 0 || y == 36; }},
      {"a comb that only the last slice joins",
       [](auto z, auto y, auto x) { return (x % 2 == 0 && y % 2 == 0) || z == 5; }},
      {"slices", [](auto z, auto, auto) { return z % 2 == 0; }},
      {"many small cubes",
       [](auto z, auto y, auto x) { return z % 4 != 3 && y % 4 != 3 && x % 4 != 3; }},
      {"crosses around every fourth voxel",
       [](auto z, auto y, auto x) {
         const auto near = [](auto v) { return v % 4 == 1 ? 0 : v % 4 == 0 || v % 4 == 2 ? 1 : 2; };
         return near(z) + near(y) + near(x) <= 1;
       }},
      {"slabs three thick, one apart", [](auto z, auto y, auto) { return z > 0 && y % 4 != 0; }},
      {"a tube along the word's border",
       [](auto z, auto y, auto x) { return z > 0 && y > 3 && y < 30 && x > 60 && x < 68; }},
  };
  for (const auto& [name, set] : hard) {
    SCOPED_TRACE(name);
    expect_parity(mask_where(shape, set));
  }
}

/// Spiral corridor that is three voxels wide, so that erosion leaves one voxel.
Predicate spiral(std::int64_t rows, std::int64_t columns, int width) {
  const auto inside = std::make_shared<std::vector<std::uint8_t>>(
      static_cast<std::size_t>(rows * columns), std::uint8_t{0});
  std::int64_t top = 0, left = 0, bottom = rows - 1, right = columns - 1;
  const auto fill = [&](std::int64_t y0, std::int64_t y1, std::int64_t x0, std::int64_t x1) {
    for (std::int64_t y = std::max<std::int64_t>(0, y0); y <= std::min(y1, rows - 1); ++y)
      for (std::int64_t x = std::max<std::int64_t>(0, x0); x <= std::min(x1, columns - 1); ++x)
        (*inside)[static_cast<std::size_t>(y * columns + x)] = 1;
  };
  const std::int64_t step = width + 1;
  std::int64_t start = 0;
  while (bottom - top >= 2 * step && right - left >= 2 * step) {
    fill(top, top + width - 1, start, right);
    fill(top, bottom, right - width + 1, right);
    fill(bottom - width + 1, bottom, left, right);
    fill(top + step, bottom, left, left + width - 1);
    start = left;
    top += step;
    left += step;
    bottom -= step;
    right -= step;
  }
  return [inside, columns](auto, auto y, auto x) {
    return (*inside)[static_cast<std::size_t>(y * columns + x)] != 0;
  };
}

TEST(CudaLabelling, AgreesOnSpirals) {
  expect_parity(mask_where({1, 65, 97}, spiral(65, 97, 1)));
  expect_parity(mask_where({5, 65, 129}, spiral(65, 129, 3)));
}

TEST(CudaLabelling, AgreesOnManyTiles) {
  // More words and more runs than fit into one tile of the prefix sums.
  const VolumeShape shape{40, 120, 70};
  std::mt19937 random(2);
  const NoduleMask mask = mask_where(shape, [&](auto, auto, auto) { return random() % 100 < 97; });
  const std::vector<std::int16_t> hu = random_hu(shape);
  for (const HostGrid grid : {HostGrid{256, 64, 1, false}, {33, 3, 2, false}, {2, 2, 3, true}}) {
    HostMachine machine(grid);
    cuda::Labelling<HostMachine> labelling(machine);
    expect_same_components(labelling.components(mask.row(0, 0), hu.data(), shape_of(mask)),
                           eroded_components(mask, CtVolume(hu.data(), shape, {}, nullptr)));
    labelling.components(mask.row(0, 0), hu.data(), shape_of(mask), /*erode=*/false);
    expect_same_runs(labelling, label_runs(mask), shape.rows);
  }
}

TEST(CudaLabelling, MemoryIsReusedAndGrowsOnlyForMore) {
  HostMachine machine;
  cuda::Labelling<HostMachine> labelling(machine);
  const cuda::MaskShape small{4, 8, 64, 1}, large{8, 8, 130, 3};
  EXPECT_EQ(labelling.growth(small), 32 * 8 + 33 * 4 + 4);
  labelling.reserve(large);
  EXPECT_EQ(labelling.growth(small), 0);
  EXPECT_EQ(labelling.growth(large), 0);
  for (const VolumeShape shape : {VolumeShape{8, 8, 130}, {4, 8, 64}, {8, 8, 130}}) {
    const NoduleMask mask = mask_where(shape, [](auto, auto, auto) { return true; });
    const std::vector<std::int16_t> hu = random_hu(shape);
    expect_same_components(labelling.components(mask.row(0, 0), hu.data(), shape_of(mask)),
                           eroded_components(mask, CtVolume(hu.data(), shape, {}, nullptr)));
  }
}

}  // namespace
}  // namespace lungrt::ops
