/// Multi-frame files; tests in Python have more kinds of them.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "io/dicom_bytes.h"
#include "io/gdcm_codec.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

/// A sequence of items whose lengths are stated or not.
std::string sequence(std::uint32_t number, const std::vector<std::string>& items, bool open) {
  std::string content;
  for (const std::string& one : items) {
    content += open ? tag(0xFFFEE000) + little(kUndefined, 4) + one + tag(0xFFFEE00D) + little(0, 4)
                    : item(one);
  }
  return open ? long_element(number, "SQ", content + sequence_end(), kUndefined)
              : long_element(number, "SQ", content);
}

/// Two frames of 2 x 3 pixels at 5 and 2 mm, with intercepts of 0 and -100.
std::string two_frames(const std::string& syntax, const std::string& pixels, bool open) {
  const auto frame = [&](const std::string& z, const std::string& intercept, int phase) {
    return sequence(0x00209111,
                    {element(0x00209056, "SH", "1") + element(0x00209128, "UL", little(phase, 4)) +
                     element(0x00209156, "US", little(7, 2))},
                    open) +
           sequence(0x00209113, {element(0x00200032, "DS", "1\\2\\" + z)}, open) +
           sequence(0x00289145,
                    {element(0x00281052, "DS", intercept) + element(0x00281053, "DS", "1")}, open);
  };
  const std::string shared =
      sequence(0x00189314, {element(0x00181210, "SH", "B70f")}, open) +
      sequence(0x00209116, {element(0x00200037, "DS", "1\\0\\0\\0\\1\\0")}, open) +
      sequence(0x00289110, {element(0x00280030, "DS", "0.5\\0.25")}, open);
  return dicom_start(syntax, "1.2.840.10008.5.1.4.1.1.2.1") + element(0x00080018, "UI", "1.2.9") +
         element(0x00080060, "CS", "CT") + element(0x0020000E, "UI", "1.2.3") +
         element(0x00280002, "US", little(1, 2)) + element(0x00280004, "CS", "MONOCHROME2") +
         element(0x00280008, "IS", "2") + element(0x00280010, "US", little(2, 2)) +
         element(0x00280011, "US", little(3, 2)) + element(0x00280100, "US", little(16, 2)) +
         element(0x00280101, "US", little(16, 2)) + element(0x00280102, "US", little(15, 2)) +
         element(0x00280103, "US", little(0, 2)) + sequence(0x52009229, {shared}, open) +
         sequence(0x52009230, {frame("5", "0", 1), frame("2", "-100", 2)}, open) + pixels;
}

std::string native_pixels() {
  std::string result;
  for (std::uint32_t i = 0; i < 12; ++i) result += little(i, 2);
  return long_element(0x7FE00010, "OW", result);
}

/// The same pixels, run-length encoded.
std::string run_lengths() {
  std::string fragments = item("");
  for (char first : {'\0', '\6'}) {
    std::string data = little(2, 4) + little(64, 4) + little(66, 4) + std::string(52, '\0');
    data += std::string("\xFB\0", 2) + '\x05';  // high bytes, then six low ones
    for (char i = 0; i < 6; ++i) data += static_cast<char>(first + i);
    fragments += item(data + '\0');
  }
  return long_element(0x7FE00010, "OB", fragments + sequence_end(), kUndefined);
}

class DicomFramesTest : public ::testing::Test {
 protected:
  void check(const std::string& content) {
    const std::vector<DicomSlice> slices = read_slices(folder_.write("ct.dcm", content));
    ASSERT_EQ(slices.size(), 2);
    const std::vector<std::array<double, 3>> positions{{1, 2, 5}, {1, 2, 2}};
    for (std::size_t k = 0; k < 2; ++k) {
      const SliceHeader header = slice_header(slices[k]);
      EXPECT_EQ(header.position_mm, positions[k]);
      EXPECT_EQ(header.pixel_spacing_mm, (std::array<double, 2>{0.5, 0.25}));
      EXPECT_EQ(header.name, "ct.dcm, frame " + std::to_string(k + 1));
      EXPECT_EQ(slices[k].instance_uid, "1.2.9#" + std::to_string(k + 1));
      EXPECT_EQ(slices[k].kernel, "B70f");
      EXPECT_EQ(slices[k].acquisition, "7");
      EXPECT_EQ(slices[k].temporal_position, std::to_string(k + 1));
      EXPECT_EQ(slices[k].stack, "1");
    }
    EXPECT_EQ(read_plane(slices[0], 6, gdcm_codec()).hu,
              (std::vector<std::int16_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(read_plane(slices[1], 6, gdcm_codec()).hu,
              (std::vector<std::int16_t>{-94, -93, -92, -91, -90, -89}));
  }
  TempFolder folder_;
};

TEST_F(DicomFramesTest, EachIsASlice) {
  for (const bool open : {false, true}) {
    check(two_frames("1.2.840.10008.1.2.1", native_pixels(), open));
    check(two_frames("1.2.840.10008.1.2.5", run_lengths(), open));
  }
}

}  // namespace
}  // namespace lungrt::io
