#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "expect_error.h"
#include "lungrt/mask.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(NoduleMask, BytesSurviveTheRoundTripAtAnyWidth) {
  std::mt19937 random(3);
  for (const std::int64_t columns : {1, 2, 63, 64, 65, 127, 128, 200}) {
    const VolumeShape shape{2, 3, columns};
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape.voxels()));
    std::int64_t set = 0;
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random() % 2 == 0 ? 0 : 1 + random() % 255);
      set += byte != 0 ? 1 : 0;
    }
    const NoduleMask mask = NoduleMask::from_bytes(bytes.data(), shape);
    EXPECT_EQ(mask.count(), set);
    std::vector<std::uint8_t> back(bytes.size(), 99);
    mask.to_bytes(back.data());
    std::size_t i = 0;
    for (std::int64_t z = 0; z < 2; ++z) {
      for (std::int64_t y = 0; y < 3; ++y) {
        for (std::int64_t x = 0; x < columns; ++x, ++i) {
          ASSERT_EQ(back[i], bytes[i] != 0 ? 1 : 0);
          ASSERT_EQ(mask.at({z, y, x}), bytes[i] != 0);
        }
        if (columns % 64 != 0) {  // bits past the last column
          EXPECT_EQ(mask.row(z, y)[mask.words_per_row() - 1] >> (columns % 64), 0U);
        }
      }
    }
  }
}

TEST(NoduleMask, StartsEmptyAndRowsCanBeWritten) {
  NoduleMask mask({2, 2, 70});
  EXPECT_EQ(mask.words_per_row(), 2);
  EXPECT_EQ(mask.count(), 0);
  mask.row(1, 0)[1] = 1;
  EXPECT_TRUE(mask.at({1, 0, 64}));
  EXPECT_EQ(mask.count(), 1);
}

TEST(NoduleMask, RefusesWhatIsNoVolume) {
  expect_error(ErrorCode::kInvalidArgument, {"2 x 0 x 3"}, [] { NoduleMask({2, 0, 3}); });
  expect_error(ErrorCode::kInvalidArgument, {"4,000,000,000"},
               [] { NoduleMask({65536, 65536, 65536}); });
  expect_error(ErrorCode::kInvalidArgument, {"null"},
               [] { NoduleMask::from_bytes(nullptr, {1, 1, 1}); });
}

TEST(NoduleMask, RefusesVoxelsOutside) {
  const NoduleMask mask({2, 3, 4});
  for (const VoxelIndex& outside : {VoxelIndex{2, 0, 0}, {0, 3, 0}, {0, 0, 4}, {-1, 0, 0}}) {
    expect_error(ErrorCode::kInvalidArgument, {"outside", "2 x 3 x 4"},
                 [&] { static_cast<void>(mask.at(outside)); });
  }
}

}  // namespace
}  // namespace lungrt
