#include <gtest/gtest.h>

#include <cmath>

#include "core/text.h"

namespace lungrt::text {
namespace {

TEST(Text, NumbersReadWell) {
  EXPECT_EQ(number(2.5), "2.5");
  EXPECT_EQ(number(1.0 / 3), "0.333333");
  EXPECT_EQ(number(-40000), "-40000");
  EXPECT_EQ(number(std::nan("")), "nan");
}

TEST(Text, ThousandsAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123456), "-123,456");
  EXPECT_EQ(counted(1, "slice"), "1 slice");
  EXPECT_EQ(counted(1234, "slice"), "1,234 slices");
}

TEST(Text, LongListsAreCut) {
  EXPECT_EQ(listed({}, ", "), "");
  EXPECT_EQ(listed({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(listed({"a", "b", "c", "d"}, "; ", 2), "a; b and 2 more");
}

}  // namespace
}  // namespace lungrt::text
