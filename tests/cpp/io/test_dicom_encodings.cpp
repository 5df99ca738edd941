/// Files whose encoding is not what it should be, but leaves no doubt.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "io/dicom/tags.h"
#include "io/dicom_bytes.h"
#include "io/gdcm_codec.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

constexpr std::uint32_t kUndefined = 0xFFFFFFFF;
const std::string kItemEnd = tag(0xFFFEE00D) + little(0, 4);
const std::string kOpenItem = tag(0xFFFEE000) + little(kUndefined, 4);
const std::vector<std::int16_t> kExpected{-1024, -1023, -1022, -1021, -1020, -1019};

/// An implicit element.
std::string implicit(std::uint32_t number, std::string value) {
  if (value.size() % 2 == 1) value += ' ';
  return tag(number) + little(static_cast<std::uint32_t>(value.size()), 4) + value;
}

/// Elements of a slice like dicom_slice(0), in any encoding.
template <typename Write>
std::string body(Write write, const std::string& pixels) {
  return write(0x00080060, "CS", "CT") + write(0x0020000E, "UI", "1.2.3") +
         write(0x00200032, "DS", "1\\2\\0") + write(0x00200037, "DS", "1\\0\\0\\0\\1\\0") +
         write(0x00280002, "US", std::uint16_t{1}) + write(0x00280010, "US", std::uint16_t{2}) +
         write(0x00280011, "US", std::uint16_t{3}) + write(0x00280030, "DS", "0.5\\0.25") +
         write(0x00280100, "US", std::uint16_t{16}) + write(0x00280101, "US", std::uint16_t{16}) +
         write(0x00280102, "US", std::uint16_t{15}) + write(0x00280103, "US", std::uint16_t{0}) +
         write(0x00281052, "DS", "-1024") + write(0x00281053, "DS", "1") +
         write(0x7FE00010, "OW", pixels);
}

std::string pixels(bool big_endian) {
  std::string result;
  for (int i = 0; i < 6; ++i) {
    const char value = static_cast<char>(i);
    result += big_endian ? std::string{'\0', value} : std::string{value, '\0'};
  }
  return result;
}

struct Implicit {
  std::string operator()(std::uint32_t number, const char* /*vr*/, const std::string& value) const {
    return implicit(number, value);
  }
  std::string operator()(std::uint32_t number, const char* /*vr*/, std::uint16_t value) const {
    return implicit(number, little(value, 2));
  }
};

struct BigEndian {
  static std::string big(std::uint32_t value, int bytes) {
    const std::string text = little(value, bytes);
    return {text.rbegin(), text.rend()};
  }
  std::string operator()(std::uint32_t number, const char* vr, std::string value) const {
    if (value.size() % 2 == 1) value += ' ';
    const std::string head = big(number >> 16U, 2) + big(number & 0xFFFFU, 2) + vr;
    const auto size = static_cast<std::uint32_t>(value.size());
    return (vr == std::string("OW") ? head + std::string(2, '\0') + big(size, 4)
                                    : head + big(size, 2)) +
           value;
  }
  std::string operator()(std::uint32_t number, const char* vr, std::uint16_t value) const {
    return (*this)(number, vr, big(value, 2));
  }
};

class DicomEncodingTest : public ::testing::Test {
 protected:
  void expect_read(const std::string& content, const std::string& what) {
    SCOPED_TRACE(what);
    const auto slice = read_slice(folder_.write("slice.dcm", content));
    ASSERT_TRUE(slice.has_value());
    EXPECT_EQ(slice->series_uid, "1.2.3");
    const SliceHeader header = slice_header(*slice);
    EXPECT_EQ(header.position_mm, (std::array<double, 3>{1, 2, 0}));
    EXPECT_EQ(header.pixel_spacing_mm, (std::array<double, 2>{0.5, 0.25}));
    EXPECT_EQ(read_plane(*slice, 6, gdcm_codec()).hu, kExpected);
  }
  std::string damage(const std::string& content) {
    try {
      read_tags(folder_.write("slice.dcm", content));
    } catch (const UnreadableDicom& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  TempFolder folder_;
};

TEST_F(DicomEncodingTest, WhateverTheHeaderAnnounces) {
  const std::string little_implicit = body(Implicit{}, pixels(false));
  const std::string big_explicit = body(BigEndian{}, pixels(true));
  const std::string little_explicit = dicom_slice(0).substr(dicom_start().size());
  for (const char* syntax :
       {transfer_syntax::kExplicitLittleEndian, transfer_syntax::kImplicitLittleEndian,
        transfer_syntax::kExplicitBigEndian}) {
    const std::string start = dicom_start(syntax);
    expect_read(start + little_implicit, std::string("implicit as ") + syntax);
    expect_read(start + little_explicit, std::string("explicit as ") + syntax);
    expect_read(start + big_explicit, std::string("big endian as ") + syntax);
  }
}

TEST_F(DicomEncodingTest, WithoutMetaGroupOrPreamble) {
  const std::string start(128, '\0');
  const std::string marked = start + "DICM";
  const std::string little_explicit = dicom_slice(0).substr(dicom_start().size());
  expect_read(marked + little_explicit, "no meta group");
  expect_read(little_explicit, "neither");
  expect_read(body(Implicit{}, pixels(false)), "neither, implicit");
  expect_read(body(BigEndian{}, pixels(true)), "neither, big endian");
  expect_read(dicom_slice(0).substr(128), "a mark without preamble");
  const std::string length = element(0x00020000, "UL", little(99999, 4));
  expect_read(marked + length + dicom_slice(0).substr(132), "a wrong length of the meta group");
}

TEST_F(DicomEncodingTest, ImplicitItemsInAnExplicitFile) {
  const std::string inner = implicit(0x00081150, "1.2");
  for (const std::string& items :
       {kOpenItem + inner + kItemEnd + sequence_end(), item(inner) + sequence_end()}) {
    for (const char* vr : {"SQ", "UN"}) {
      expect_read(dicom_slice(0, long_element(0x00291001, vr, items, kUndefined)), vr);
    }
  }
  // The reverse: a sequence of unknown representation should be implicit.
  const std::string explicit_items =
      kOpenItem + element(0x00081150, "UI", "1.2") + kItemEnd + sequence_end();
  expect_read(dicom_slice(0, long_element(0x00291001, "UN", explicit_items, kUndefined)), "UN");
}

TEST_F(DicomEncodingTest, DelimitersThatAreMissingOrTooMany) {
  const std::string inner = element(0x00081150, "UI", "1.2");
  const auto with = [&](const std::string& content) {
    return dicom_slice(0, long_element(0x00291001, "SQ", content, kUndefined));
  };
  expect_read(with(kOpenItem + inner + kItemEnd), "no end of the sequence");
  expect_read(with(item(inner)), "no end of a sequence whose item has a length");
  expect_read(with(kOpenItem + inner + sequence_end()), "no end of the item");
  expect_read(with(kOpenItem + inner + kOpenItem + inner + kItemEnd + sequence_end()),
              "no end of the first item");
  expect_read(dicom_slice(0, long_element(0x00291001, "SQ", item(inner)) + sequence_end()),
              "an end of a sequence that has a length");
}

TEST_F(DicomEncodingTest, ElementsWithoutARepresentation) {
  for (const std::string& odd :
       {implicit(0x00291001, "abcd"),                                       // implicit
        tag(0x00291001) + "??" + little(4, 2) + "abcd",                     // unknown
        tag(0x00291001) + "ZZ" + little(4, 2) + "abcd",                     // of a later edition
        tag(0x00291001) + std::string(2, '\0') + little(4, 2) + "abcd"}) {  // none
    expect_read(dicom_slice(0, odd), odd.substr(4, 2));
  }
}

TEST_F(DicomEncodingTest, OddLengthsAndEmptyValues) {
  const std::string odd = tag(0x00291001) + "LO" + little(3, 2) + "abc";
  expect_read(dicom_slice(0, odd), "an odd length");
  expect_read(dicom_slice(0, element(0x00291001, "LO", "")), "an empty value");
  expect_read(dicom_slice(0, long_element(0x00291001, "SQ", "")), "an empty sequence");
  expect_read(dicom_slice(0) + tag(0xFFFCFFFC) + "OB" + std::string(102, '\0'), "padding");
}

TEST_F(DicomEncodingTest, WhatCannotBeReadIsNamed) {
  const std::string garbage = tag(0x00291001) + "\x01\x02\x03\x04" + std::string(8, 'x');
  EXPECT_EQ(damage(dicom_start() + garbage),
            "tag (0029,1001) at byte 194 has the value representation '\\x01\\x02', and what "
            "follows it is no tag in explicit VR little endian or with an implicit representation");
  const std::string inner = element(0x00081150, "UI", "1.2");
  const std::string lower = element(0x00080060, "CS", "CT");
  EXPECT_EQ(damage(dicom_start() + long_element(0x00291001, "SQ", lower, kUndefined)),
            "the sequence of tag (0029,1001) at byte 194 contains tag (0008,0060) at byte 206, "
            "which is not an item");
  EXPECT_EQ(damage(dicom_slice(0).substr(0, 300)).rfind("it has 300 bytes, but its tag (", 0), 0);
}

}  // namespace
}  // namespace lungrt::io
