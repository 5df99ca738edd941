#include "scene.h"

#include <algorithm>
#include <memory>
#include <random>

namespace lungrt::bench {
namespace {

using Random = std::mt19937;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

/// Mask of balls, which survive an erosion like nodules and vessels, and of single voxels, which do
/// not.
NoduleMask lively_mask(Random& random, std::vector<VoxelIndex>& places) {
  std::vector<std::uint8_t> voxels(static_cast<std::size_t>(kShape.voxels()), 0);
  const auto paint = [&](const VoxelIndex& center, std::int64_t radius) {
    for (std::int64_t z = -radius; z <= radius; ++z)
      for (std::int64_t y = -radius; y <= radius; ++y)
        for (std::int64_t x = -radius; x <= radius; ++x) {
          const VoxelIndex v{center.slice + z, center.row + y, center.column + x};
          if (z * z + y * y + x * x > radius * radius || !kShape.contains(v)) continue;
          voxels[static_cast<std::size_t>((v.slice * kShape.rows + v.row) * kShape.columns +
                                          v.column)] = 1;
        }
  };
  const auto anywhere = [&] {
    return VoxelIndex{between(random, 0, kShape.slices - 1), between(random, 0, kShape.rows - 1),
                      between(random, 0, kShape.columns - 1)};
  };
  for (int ball = 0; ball < kCandidates; ++ball) {
    places.push_back(anywhere());
    paint(places.back(), between(random, 2, 5));
  }
  for (int speck = 0; speck < 3 * kCandidates; ++speck) paint(anywhere(), 0);
  return NoduleMask::from_bytes(voxels.data(), kShape);
}

Scene make_scene() {
  Random random(5);
  auto hu = std::make_shared<std::vector<std::int16_t>>(static_cast<std::size_t>(kShape.voxels()));
  std::generate(hu->begin(), hu->end(),
                [&] { return static_cast<std::int16_t>(between(random, -1100, 1100)); });
  std::vector<VoxelIndex> places;
  NoduleMask mask = lively_mask(random, places);

  std::vector<std::uint8_t> set(hu->size());
  mask.to_bytes(set.data());
  std::vector<float> probability(hu->size());
  std::uniform_real_distribution<float> certainty(0.0F, 0.49F);
  std::transform(set.begin(), set.end(), probability.begin(), [&](std::uint8_t is_set) {
    return (is_set != 0 ? 0.501F : 0.0F) + certainty(random);
  });
  const Geometry geometry({0.0, 0.0, 0.0}, {0.7, 0.7, 2.5},
                          {{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}}});
  return {CtVolume(hu->data(), kShape, geometry, hu), std::move(mask), std::move(places),
          std::move(probability)};
}

}  // namespace

const Scene& scene() {
  static const Scene made = make_scene();
  return made;
}

InputContract book_slices() {
  InputContract input;
  input.context_slices = 3;
  input.size_multiple = 4;
  return input;
}

InputContract book_crops() {
  InputContract input;
  input.crop = {32, 48, 48};
  return input;
}

}  // namespace lungrt::bench
