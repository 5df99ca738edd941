#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "ops/interleave.h"

namespace lungrt::ops {
namespace {

/// Interleaves all channels, the last ones first, and checks each value and the memory behind them.
template <typename Interleave>
void expect_interleaved(const Interleave& interleave, std::int64_t channels, std::int64_t count) {
  const std::int64_t plane_stride = count + 5;
  const std::int64_t groups = (channels + kInterleavedChannels - 1) / kInterleavedChannels;
  std::vector<float> planes(static_cast<std::size_t>(groups * kInterleavedChannels * plane_stride),
                            -1.0F);
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t i = 0; i < count; ++i) {
      planes[static_cast<std::size_t>(c * plane_stride + i)] = static_cast<float>(100 * i + c);
    }
  }
  constexpr float kUntouched = -2.0F;
  std::vector<float> target(static_cast<std::size_t>(count * channels) + 8, kUntouched);
  for (std::int64_t group = groups - 1; group >= 0; --group) {
    const std::int64_t first = group * kInterleavedChannels;
    interleave(planes.data() + first * plane_stride, plane_stride, count,
               std::min(kInterleavedChannels, channels - first), channels, target.data() + first);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      ASSERT_EQ(target[static_cast<std::size_t>(i * channels + c)], static_cast<float>(100 * i + c))
          << channels << " channels, " << count << " pixels";
    }
  }
  for (std::size_t i = static_cast<std::size_t>(count * channels); i < target.size(); ++i) {
    ASSERT_EQ(target[i], kUntouched) << channels << " channels, " << count << " pixels";
  }
}

TEST(Interleave, FastAndPortablePutEveryValueInItsPlace) {
  for (std::int64_t channels = 1; channels <= 12; ++channels) {
    for (const std::int64_t count : {1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 33}) {
      ASSERT_NO_FATAL_FAILURE(expect_interleaved(interleave, channels, count));
      ASSERT_NO_FATAL_FAILURE(expect_interleaved(interleave_portable, channels, count));
    }
  }
}

}  // namespace
}  // namespace lungrt::ops
