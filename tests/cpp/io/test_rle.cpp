#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "expect_error.h"
#include "io/dicom/rle.h"
#include "io/dicom/slice.h"
#include "io/dicom_bytes.h"
#include "io/gdcm_codec.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

constexpr int kPixels = 6;

std::string header(std::uint32_t segments, const std::vector<std::uint32_t>& begins) {
  std::string result = little(segments, 4);
  for (const std::uint32_t begin : begins) result += little(begin, 4);
  return result + std::string(64 - result.size(), '\0');
}

/// High bytes: six times 1, as one run. Low bytes 0, 1, ... 5: literal, after a code without data.
const std::string kHigh = "\xFB\x01", kLow = std::string("\x80\x05\x00\x01\x02\x03\x04\x05", 8);
const std::string kGood = header(2, {64, 66}) + kHigh + kLow;

class RleTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& fragments) const {
    const std::string plain = dicom_slice(0);
    std::string content = plain.substr(0, plain.size() - 24);  // everything before the pixels
    content = replaced(content, element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
                       element(0x00020010, "UI", "1.2.840.10008.1.2.5"));
    return folder_.write(
        "slice.dcm",
        content + long_element(0x7FE00010, "OB", fragments + sequence_end(), 0xFFFFFFFF));
  }
  void expect_damaged(const std::string& data, const char* reason) const {
    const auto slice = read_slice(write(item("") + item(data)));
    ASSERT_TRUE(slice.has_value());
    expect_error(ErrorCode::kIo,
                 {"slice.dcm: its compressed pixels are damaged (", reason, "copy it again"},
                 [&] { read_plane(*slice, kPixels, gdcm_codec()); });
  }
  TempFolder folder_;
};

TEST_F(RleTest, PixelsInFragments) {
  for (const std::string& fragments :
       {item("") + item(kGood), item(little(0, 4)) + item(kGood + std::string(2, '\0'))}) {
    const auto slice = read_slice(write(fragments));
    ASSERT_TRUE(slice.has_value());
    EXPECT_EQ(read_plane(*slice, kPixels, gdcm_codec()).hu,
              (std::vector<std::int16_t>{-768, -767, -766, -765, -764, -763}));
  }
}

TEST_F(RleTest, HeaderThatSaysAnotherNumberOfSegments) {
  for (const std::uint32_t segments : {0U, 1U, 3U, 16U, 0x20000002U, 0xFFFFFFFFU}) {
    const std::string reason =
        "says " + std::to_string(segments) + " segments, but pixels of 16 bits need 2";
    expect_damaged(header(segments, {64, 66, 68}) + kHigh + kLow, reason.c_str());
  }
}

TEST_F(RleTest, HeaderThatIsNotThere) {
  expect_damaged("", "they have 0 bytes, but their header alone needs 64");
  expect_damaged(kGood.substr(0, 62), "they have 62 bytes");
}

TEST_F(RleTest, SegmentsThatLieElsewhere) {
  const std::string data = kHigh + kLow;
  expect_damaged(header(2, {0, 66}) + data, "their header places segment 1 at bytes 0 to 66 of 74");
  expect_damaged(header(2, {65, 66}) + data, "their header places segment 1 at bytes 65 to 66");
  expect_damaged(header(2, {64, 63}) + data, "their header places segment 1 at bytes 64 to 63");
  expect_damaged(header(2, {64, 75}) + data,
                 "their header places segment 1 at bytes 64 to 75 of 74");
  expect_damaged(header(2, {64, 0xFFFFFFFF}) + data, "places segment 1 at bytes");
}

TEST_F(RleTest, SegmentsThatAreTooShortOrTooLong) {
  expect_damaged(kGood.substr(0, kGood.size() - 2), "segment 2 holds 0 of 6 pixels");
  expect_damaged(header(2, {64, 66}) + "\xFC\x01" + kLow, "segment 1 holds 5 of 6 pixels");
  expect_damaged(header(2, {64, 66}) + "\xFA\x01" + kLow, "segment 1 holds 7 of 6 pixels");
  expect_damaged(header(2, {64, 64}) + kLow, "segment 1 holds 0 of 6 pixels");
  expect_damaged(header(2, {64, 66}) + kHigh, "segment 2 holds 0 of 6 pixels");
}

TEST_F(RleTest, BitsThatAreNotSupported) {
  for (const int bits : {12, 64}) {
    try {
      validate_rle({kGood}, kPixels, bits);
      ADD_FAILURE() << bits;
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "run-length encoding of " + std::to_string(bits) +
                                  " bits per pixel is not supported");
    }
  }
}

TEST_F(RleTest, RunsInSeveralFragments) {
  const auto slice = read_slice(write(item("") + item(kGood) + item(kGood)));
  ASSERT_TRUE(slice.has_value());
  expect_error(ErrorCode::kIo,
               {"slice.dcm: its compressed pixels are damaged", "they consist of 2 fragments"},
               [&] { read_plane(*slice, kPixels, gdcm_codec()); });
}

TEST_F(RleTest, RunsThatAreNotThere) {
  const auto slice = read_slice(write(item("")));
  ASSERT_TRUE(slice.has_value());
  expect_error(ErrorCode::kIo, {"slice.dcm: damaged or truncated", "they consist of 0 fragments"},
               [&] { read_plane(*slice, kPixels, gdcm_codec()); });
}

}  // namespace
}  // namespace lungrt::io
