#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include "core/bit_packing.h"

namespace lungrt {
namespace {

TEST(BitPacking, FirstValueGoesToTheLowestBit) {
  std::array<float, 64> values{};
  std::array<std::uint8_t, 64> bytes{};
  for (std::size_t k = 0; k < 64; ++k) {
    values[k] = 1;
    bytes[k] = 1;
    bool nan = false;
    const std::uint64_t expected = std::uint64_t{1} << k;
    EXPECT_EQ(pack_greater64(values.data(), 0.5F, nan), expected);
    EXPECT_EQ(pack_greater_portable(values.data(), 64, 0.5F, nan), expected);
    EXPECT_EQ(pack_nonzero64(bytes.data()), expected);
    EXPECT_EQ(pack_nonzero_portable(bytes.data(), 64), expected);
    EXPECT_FALSE(nan);
    values[k] = 0;
    bytes[k] = 0;
  }
}

TEST(BitPacking, FastAndPortableAgree) {
  std::mt19937 random(2);
  const std::array<float, 8> special{0.5F,
                                     std::nextafter(0.5F, 1.0F),
                                     std::nextafter(0.5F, 0.0F),
                                     -1.0F,
                                     0.0F,
                                     std::numeric_limits<float>::infinity(),
                                     -std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::denorm_min()};
  for (int round = 0; round < 500; ++round) {
    std::array<float, 65> values;
    std::array<std::uint8_t, 65> bytes;
    for (float& value : values) value = special[random() % special.size()];
    for (std::uint8_t& byte : bytes)
      byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    bool nan = false;
    // Starts at offset 1, because neither function needs alignment.
    EXPECT_EQ(pack_greater64(values.data() + 1, 0.5F, nan),
              pack_greater_portable(values.data() + 1, 64, 0.5F, nan));
    EXPECT_EQ(pack_nonzero64(bytes.data() + 1), pack_nonzero_portable(bytes.data() + 1, 64));
    EXPECT_FALSE(nan);
  }
}

TEST(BitPacking, NoticesNaNAnywhere) {
  for (std::size_t k = 0; k < 64; ++k) {
    std::array<float, 64> values{};
    values[k] = std::numeric_limits<float>::quiet_NaN();
    bool fast = false, portable = false;
    EXPECT_EQ(pack_greater64(values.data(), 0.5F, fast), 0U);
    pack_greater_portable(values.data(), 64, 0.5F, portable);
    EXPECT_TRUE(fast);
    EXPECT_TRUE(portable);
  }
}

}  // namespace
}  // namespace lungrt
