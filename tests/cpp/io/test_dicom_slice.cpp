#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "expect_error.h"
#include "io/dicom/slice.h"
#include "io/dicom_bytes.h"
#include "io/gdcm_codec.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

constexpr std::int64_t kPixels = 6;

class DicomSliceTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& content) const {
    return folder_.write("slice.dcm", content);
  }
  void expect_damaged(const std::string& content, const char* reason) const {
    expect_error(ErrorCode::kIo, {"slice.dcm: damaged or truncated DICOM file", reason},
                 [&] { read_slice(write(content)); });
  }
  void expect_undecodable(const std::string& content, const char* reason) const {
    const auto slice = read_slice(write(content));
    ASSERT_TRUE(slice.has_value());
    expect_error(ErrorCode::kIo, {"slice.dcm: its pixels cannot be decoded", reason},
                 [&] { read_plane(*slice, kPixels, gdcm_codec()); });
  }
  TempFolder folder_;
};

/// A slice that needs a decoder, because its slope is fractional.
std::string fractional_slice() {
  return replaced(dicom_slice(0), element(0x00281053, "DS", "1"), element(0x00281053, "DS", "0.5"));
}

TEST_F(DicomSliceTest, WithAndWithoutADecoder) {
  const auto plain = read_slice(write(dicom_slice(0)));
  ASSERT_TRUE(plain && plain->raw);
  EXPECT_EQ(read_plane(*plain, kPixels, gdcm_codec()).hu,
            (std::vector<std::int16_t>{-1024, -1023, -1022, -1021, -1020, -1019}));
  const auto fractional = read_slice(write(fractional_slice()));
  ASSERT_TRUE(fractional && !fractional->raw);
  EXPECT_EQ(read_plane(*fractional, kPixels, gdcm_codec()).fractional,
            (std::vector<double>{-1024, -1023.5, -1023, -1022.5, -1022, -1021.5}));
}

TEST_F(DicomSliceTest, WhatIsNoSliceOfACt) {
  expect_damaged("some notes", "it does not begin like a DICOM file");
  expect_damaged(dicom_start() + element(0x00080060, "CS", "CT"), "it has no pixels");
  const std::string report = "1.2.840.10008.5.1.4.1.1.88.11";
  EXPECT_FALSE(read_slice(
      write(dicom_start("1.2.840.10008.1.2.1", report) + element(0x00080060, "CS", "SR"))));
}

TEST_F(DicomSliceTest, PixelsOfWhichTooLittleIsStated) {
  for (const auto& [number, value] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {0x00280010, 0},     // rows
           {0x00280011, 0},     // columns
           {0x00280100, 7},     // bits allocated
           {0x00280101, 0},     // bits stored
           {0x00280101, 17},    // more than the allocated bits
           {0x00280102, 14},    // high bit below the stored bits
           {0x00280102, 16},    // beyond the allocated bits
           {0x00280103, 2}}) {  // sign
    expect_damaged(dicom_slice(0, element(number, "US", little(value, 2))),
                   "its size or pixel format is missing or invalid");
  }
}

TEST_F(DicomSliceTest, PixelsThatCannotBeDecoded) {
  expect_undecodable(replaced(fractional_slice(), "1.2.840.10008.1.2.1\0", "1.2.840.10008.9.9.9\0"),
                     "GDCM cannot read the file");
}

TEST_F(DicomSliceTest, FileThatIsChangedBetweenHeaderAndPixels) {
  const std::vector<std::function<void(const std::filesystem::path&)>> changes{
      [](const auto& path) { std::filesystem::resize_file(path, file_size(path) - 1); },
      [](const auto& path) { std::filesystem::resize_file(path, 0); },
      [this](const auto& path) { rename(folder_.write("new", dicom_slice(1)), path); },
      [this](const auto& path) { rename(folder_.write("new", fractional_slice()), path); }};
  for (const std::string& content : {dicom_slice(0), fractional_slice()}) {
    for (const auto& change : changes) {
      const auto slice = read_slice(write(content));
      ASSERT_TRUE(slice.has_value());
      change(slice->path);
      expect_error(ErrorCode::kIo, {"slice.dcm: was changed while it was being read"},
                   [&] { read_plane(*slice, kPixels, gdcm_codec()); });
    }
  }
}

TEST_F(DicomSliceTest, FileThatIsGone) {
  const auto slice = read_slice(write(dicom_slice(0)));
  ASSERT_TRUE(slice.has_value());
  std::filesystem::remove(slice->path);
  expect_error(ErrorCode::kIo, {"slice.dcm: cannot be read (No such file"},
               [&] { read_plane(*slice, kPixels, gdcm_codec()); });
}

}  // namespace
}  // namespace lungrt::io
