#include <gtest/gtest.h>

#include "expect_error.h"
#include "lungrt/precision.h"

namespace lungrt {
namespace {

TEST(Precision, HasANameEach) {
  for (const char* name : {"fp32", "tf32", "bf16", "fp16", "int8"}) {
    EXPECT_STREQ(to_string(parse_precision(name)), name);
  }
}

TEST(Precision, RefusesOthersWithTheKnownOnes) {
  for (const char* name : {"", "FP32", "float16", "fp8"}) {
    testing::expect_error(ErrorCode::kInvalidArgument,
                          {"unknown precision '", name, "fp32, tf32, bf16, fp16, int8"},
                          [name] { parse_precision(name); });
  }
}

}  // namespace
}  // namespace lungrt
