#include <gtest/gtest.h>

#include <string>

#include "expect_error.h"
#include "lungrt/version.h"

namespace lungrt {
namespace {

using testing::expect_error;

std::string version(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

TEST(Version, NumbersAndTextAreOne) {
  EXPECT_EQ(version(LUNGRT_VERSION_MAJOR, LUNGRT_VERSION_MINOR, LUNGRT_VERSION_PATCH),
            LUNGRT_VERSION);
  EXPECT_STREQ(library_version(), LUNGRT_VERSION);
}

TEST(Version, TakesItsOwnHeadersAndThoseOfOtherPatches) {
  check_version();
  check_headers_version(version(LUNGRT_VERSION_MAJOR, LUNGRT_VERSION_MINOR, 99).c_str());
}

TEST(Version, RefusesHeadersOfAnotherInterface) {
  for (const std::string& other : {version(LUNGRT_VERSION_MAJOR, LUNGRT_VERSION_MINOR + 1, 0),
                                   version(LUNGRT_VERSION_MAJOR + 1, LUNGRT_VERSION_MINOR, 0)}) {
    expect_error(
        ErrorCode::kUnsupportedVersion,
        {other.c_str(), "runs with the library of lungrt " LUNGRT_VERSION, "compile it again"},
        [&] { check_headers_version(other.c_str()); });
  }
}

TEST(Version, RefusesWhatIsNoVersion) {
  for (const char* text : {"", "0", "0.1", "0.1.", "0.1.0.0", "0.1.x", "-1.1.0", " 0.1.0",
                           "0.1.99999999999999999999", "0.1.0-dev"}) {
    expect_error(ErrorCode::kInvalidArgument, {"is not a version", "LUNGRT_VERSION"},
                 [&] { check_headers_version(text); });
  }
  expect_error(ErrorCode::kInvalidArgument, {"is not a version"},
               [] { check_headers_version(nullptr); });
}

}  // namespace
}  // namespace lungrt
