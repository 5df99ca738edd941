#include <gtest/gtest.h>

#include <stdexcept>

#include "ops/cuda/stream_pool.h"

namespace lungrt::ops::cuda {
namespace {

class StreamPoolTest : public ::testing::Test {
 protected:
  int take(int device) {
    return pool_.take(device, [this] { return ++made_; });
  }
  StreamPool<int> pool_;
  int made_ = 0;  ///< streams are numbered
};

TEST_F(StreamPoolTest, LendsTheSameStreamToOneScanAfterAnother) {
  for (int scan = 0; scan < 3; ++scan) {
    const int stream = take(0);
    EXPECT_EQ(stream, 1);
    pool_.give_back(0, stream);
  }
  EXPECT_EQ(made_, 1);
}

TEST_F(StreamPoolTest, LendsDifferentStreamsAtTheSameTime) {
  const int first = take(0), second = take(0);
  EXPECT_NE(first, second);
  pool_.give_back(0, first);
  EXPECT_EQ(take(0), first);
}

TEST_F(StreamPoolTest, KeepsDevicesApart) {
  const int stream = take(0);
  pool_.give_back(0, stream);
  EXPECT_NE(take(1), stream);
  EXPECT_EQ(take(0), stream);
}

TEST_F(StreamPoolTest, CanBeUsedAfterAStreamCouldNotBeMade) {
  EXPECT_THROW(pool_.take(0, []() -> int { throw std::runtime_error("no device"); }),
               std::runtime_error);
  EXPECT_EQ(take(0), 1);
}

}  // namespace
}  // namespace lungrt::ops::cuda
