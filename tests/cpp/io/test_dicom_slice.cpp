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
  void expect_unreadable(const std::string& content, const char* reason) const {
    expect_error(
        ErrorCode::kIo,
        {"slice.dcm: DICOM file that cannot be read", reason, "another copy will not help"},
        [&] { read_slice(write(content)); });
  }
  TempFolder folder_;
};

/// A slice that needs a decoder, because its slope is fractional.
std::string fractional_slice() {
  return replaced(dicom_slice(0), element(0x00281053, "DS", "1"), element(0x00281053, "DS", "0.5"));
}

TEST_F(DicomSliceTest, WithAndWithoutADecoder) {
  const auto plain = read_slice(write(dicom_slice(0)));
  ASSERT_TRUE(plain && plain->pixels.is_plain);
  EXPECT_EQ(read_plane(*plain, kPixels, gdcm_codec()).hu,
            (std::vector<std::int16_t>{-1024, -1023, -1022, -1021, -1020, -1019}));
  const auto fractional = read_slice(write(fractional_slice()));
  ASSERT_TRUE(fractional.has_value());
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
  struct Case {
    std::uint32_t tag, value;
    const char* reason;
  };
  for (const Case& one : std::vector<Case>{
           {0x00280010, 0, "Rows (0028,0010) is 0, expected at least 1"},
           {0x00280011, 0, "Columns (0028,0011) is 0"},
           {0x00280100, 7, "BitsAllocated (0028,0100) is 7, expected 8, 16 or 32"},
           {0x00280101, 0, "BitsStored (0028,0101) is 0, expected 1 to 16"},
           {0x00280101, 17, "BitsStored (0028,0101) is 17"},
           {0x00280102, 14, "HighBit (0028,0102) is 14, expected 15 for 16 stored bits"},
           {0x00280102, 16, "HighBit (0028,0102) is 16"},
           {0x00280103, 2, "PixelRepresentation (0028,0103) is 2, expected 0 or 1"}}) {
    expect_unreadable(dicom_slice(0, element(one.tag, "US", little(one.value, 2))), one.reason);
  }
  // 12 bits at the top of 16: some readers shift them, others do not.
  expect_unreadable(dicom_slice(0, element(0x00280101, "US", little(12, 2))),
                    "HighBit (0028,0102) is 15, expected 11 for 12 stored bits");
}

TEST_F(DicomSliceTest, PixelsWithoutADecoder) {
  for (const auto& [uid, name] : std::vector<std::pair<std::string, std::string>>{
           {"1.2.840.10008.9.9.9", "unknown"},
           {"1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264"},
           {"1.2.840.10008.1.2.4.94", "JPIP Referenced"},
           {"1.2.840.10008.1.2.4.110", "JPEG XL Lossless"}}) {
    const auto slice =
        read_slice(write(replaced(dicom_slice(0), element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
                                  element(0x00020010, "UI", uid))));
    ASSERT_TRUE(slice.has_value());
    const std::string reason =
        "transfer syntax " + uid + " (" + name + "), for which lungrt has no";
    expect_error(ErrorCode::kIo, {"slice.dcm: DICOM file that cannot be read", reason.c_str()},
                 [&] { slice_header(*slice); });
    expect_error(ErrorCode::kIo, {reason.c_str()},
                 [&] { read_plane(*slice, kPixels, gdcm_codec()); });
  }
}

TEST_F(DicomSliceTest, CompressionThatTheSyntaxDoesNotSay) {
  const std::string plain = dicom_slice(0);
  const std::string fragments = item("") + item("abcd") + sequence_end();
  const auto compressed = read_slice(write(plain.substr(0, plain.size() - 24) +
                                           long_element(0x7FE00010, "OB", fragments, 0xFFFFFFFF)));
  ASSERT_TRUE(compressed.has_value());
  expect_error(ErrorCode::kIo, {"Explicit VR Little Endian), but its pixels are compressed"},
               [&] { slice_header(*compressed); });
  const auto native =
      read_slice(write(replaced(plain, element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
                                element(0x00020010, "UI", "1.2.840.10008.1.2.4.90"))));
  ASSERT_TRUE(native.has_value());
  expect_error(ErrorCode::kIo, {"JPEG 2000 Lossless), but its pixels are not compressed"},
               [&] { slice_header(*native); });
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
