#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "expect_error.h"
#include "io/dicom/jpeg.h"
#include "io/dicom/slice.h"
#include "io/dicom_bytes.h"
#include "io/gdcm_codec.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

constexpr int kRows = 8, kColumns = 10, kPixels = kRows * kColumns;

std::string bytes(const std::string& hex) {
  std::string result;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    result += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return result;
}

struct Stream {
  const char* syntax;
  std::string data;  ///< 8 x 10 pixels of 16 bits, all 1000
};

const std::vector<Stream> kStreams{
    {"1.2.840.10008.1.2.4.80",
     bytes(
         "ffd8fff7000b100008000a01011100fff8000d01ffff0012004301140040ffda00080101000000003e7c0080"
         "2008040201008080801fff7fc0ffd900")},
    {"1.2.840.10008.1.2.4.70",
     bytes("ffd8ffc3000b100008000a01011100ffc400150001010000000000000000000000000000000fffda0008"
           "01010001000081f380000000000000000000ffd9")}};
constexpr std::size_t kFrame = 2;  // offset of the frame header

class JpegTest : public ::testing::Test {
 protected:
  DicomSlice slice(const Stream& stream, const std::string& fragments) const {
    const std::string plain = dicom_slice(0);
    std::string content = plain.substr(0, plain.size() - 24);  // everything before the pixels
    content = replaced(content, element(0x00020010, "UI", "1.2.840.10008.1.2.1"),
                       element(0x00020010, "UI", stream.syntax));
    content = replaced(content, element(0x00280010, "US", little(2, 2)),
                       element(0x00280010, "US", little(kRows, 2)));
    content = replaced(content, element(0x00280011, "US", little(3, 2)),
                       element(0x00280011, "US", little(kColumns, 2)));
    const auto path = folder_.write(
        "slice.dcm",
        content + long_element(0x7FE00010, "OB", fragments + sequence_end(), 0xFFFFFFFF));
    return read_slice(path).value();
  }
  void expect_damaged(const Stream& stream, const std::string& data, const char* reason) const {
    expect_error(ErrorCode::kIo,
                 {"slice.dcm: its compressed pixels are damaged (", reason, "copy it again"},
                 [&] { read_plane(slice(stream, item("") + item(data)), kPixels, gdcm_codec()); });
  }
  TempFolder folder_;
};

TEST_F(JpegTest, WholeStreams) {
  for (const Stream& stream : kStreams) {
    for (const std::string& fragments :
         {item("") + item(stream.data), item("") + item(stream.data + std::string(2, '\0'))}) {
      EXPECT_EQ(read_plane(slice(stream, fragments), kPixels, gdcm_codec()).hu,
                std::vector<std::int16_t>(kPixels, -24));
    }
  }
}

TEST_F(JpegTest, BytesThatMayPrecedeAMarker) {
  for (const Stream& stream : kStreams) {
    std::string filled = stream.data;
    filled.insert(kFrame, "\xFF\xFF");
    EXPECT_NO_THROW(validate_jpeg(filled, kRows, kColumns));
  }
}

TEST_F(JpegTest, StreamsThatEndTooEarly) {
  for (const Stream& stream : kStreams) {
    expect_damaged(stream, "", "they do not begin like JPEG data");
    expect_damaged(stream, stream.data.substr(0, 2), "their header is incomplete");
    expect_damaged(stream, stream.data.substr(0, 10), "their header is incomplete");
    expect_damaged(stream, stream.data.substr(0, stream.data.rfind("\xFF\xD9")),
                   "their end is missing");
    expect_damaged(stream, std::string(stream.data.size(), '\0'), "they do not begin");
  }
}

TEST_F(JpegTest, HeaderOfAnotherImage) {
  for (const Stream& stream : kStreams) {
    const auto with = [&](std::size_t at, char value) {
      std::string data = stream.data;
      data[kFrame + at] = value;
      return data;
    };
    expect_damaged(stream, with(4, 0),
                   "says 8 x 10 pixels with 1 sample of 0 bits, the file's says 8 x 10");
    expect_damaged(stream, with(4, 17), "says 8 x 10 pixels with 1 sample of 17 bits");
    expect_damaged(stream, with(6, 9), "says 9 x 10 pixels");
    expect_damaged(stream, with(8, 8), "says 8 x 8 pixels");
    expect_damaged(stream, with(9, 3), "pixels with 3 samples of 16 bits");
    expect_damaged(stream, with(3, 5), "their header is incomplete");  // bytes of the header
    expect_damaged(stream, with(3, 1),
                   "their header is incomplete");  // shorter than its own length
    expect_damaged(stream, with(2, 99), "their header is incomplete");  // longer than the stream
    expect_damaged(stream, with(0, 0), "their header is incomplete");   // no marker
    expect_damaged(stream, with(1, 0), "their header is incomplete");   // markers without length
    expect_damaged(stream, with(1, '\xD9'), "their header is incomplete");
    expect_damaged(stream, with(1, '\xE0'), "their header is incomplete");  // no frame
  }
}

TEST_F(JpegTest, SizeOfJpeg2000) {
  const auto stream = [](const char* size) {  // end, offset, tiles, samples
    return bytes(std::string("ff4fff5100290000") + size + "0000000a00000008000000000000000000010f");
  };
  EXPECT_EQ(validate_jpeg_2000(stream("0000000a000000080000000000000000"), 8, 10), 16);
  EXPECT_EQ(validate_jpeg_2000(stream("0000000c000000090000000200000001"), 8, 10), 16);
  EXPECT_EQ(validate_jpeg_2000("\r\n boxes", 8, 10), 0);
  const Stream expected{"1.2.840.10008.1.2.4.90", ""};
  expect_damaged(expected, stream("0000000a000028080000000000000000"),
                 "says 10248 x 10 pixels with 1 sample, the file's says 8 x 10 with 1 sample");
  expect_damaged(expected, stream("000000080000000a0000000000000000"), "says 10 x 8 pixels");
  expect_damaged(expected, stream("0000000a000000080000000000000000").substr(0, 40),
                 "their header is incomplete");
  expect_damaged(expected, stream("0000000a000000080000000000000000").replace(41, 1, "\x03"),
                 "pixels with 3 samples");
}

/// 8 x 10 pixels of 16 bits, 1000, 1001, ..., that OpenJPH compressed.
const std::string kHighThroughput = bytes(
    "ff4fff51002940000000000a0000000800000000000000000000000a00000008000000000000000000010f01"
    "01ff50000800020000000aff52000c00020001000204044001ff5c000a2088909090888888ff64001700014f"
    "70656e4a50482056657220302e32362e332eff90000a0000000000440001ff93c0002d202ff8e9fb13fce5fb"
    "077ef8fe010800f9b600a00009c02c630024775500c0002580005480f0d07514005244e4e647c9ecb600ffd9");

TEST_F(JpegTest, HighThroughputJpeg2000) {
  for (const char* syntax :
       {"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"}) {
    const Stream stream{syntax, kHighThroughput};
    const Plane plane =
        read_plane(slice(stream, item("") + item(stream.data)), kPixels, gdcm_codec());
    ASSERT_EQ(plane.hu.size(), kPixels);
    for (int i = 0; i < kPixels; ++i) EXPECT_EQ(plane.hu[static_cast<std::size_t>(i)], i - 24);
  }
}

TEST_F(JpegTest, EndOfJpeg2000) {
  EXPECT_NO_THROW(require_end(bytes("ff4fff51ffd9")));
  EXPECT_NO_THROW(require_end(bytes("ff4fff51ffd900")));  // padded
  for (const char* cut : {"", "ff", "00", "ff4fff51", "ff4fff5100"}) {
    EXPECT_THROW(require_end(bytes(cut)), std::runtime_error) << cut;
  }
}

}  // namespace
}  // namespace lungrt::io
