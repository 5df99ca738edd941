#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lungrt/error.h"

namespace lungrt {
namespace {

TEST(Error, CarriesItsCodeAndMessage) {
  const Error error(ErrorCode::kBadVolume, "no voxels");
  EXPECT_EQ(error.code(), ErrorCode::kBadVolume);
  EXPECT_STREQ(error.what(), "no voxels");
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kIo); ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names, (std::set<std::string>{"InvalidArgument", "BadVolume", "BadBundle",
                                          "CheckpointMismatch", "UnsupportedVersion",
                                          "EngineUnavailable", "DeviceUnavailable", "OutOfMemory",
                                          "ResourceLimit", "Cancelled", "Inference", "Io"}));
}

}  // namespace
}  // namespace lungrt
