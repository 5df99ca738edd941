#include <gtest/gtest.h>

#include <string>

#include "io/dicom/tags.h"
#include "io/dicom_bytes.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

class DicomTagsTest : public ::testing::Test {
 protected:
  std::optional<DicomTags> read(const std::string& content) {
    return read_tags(folder_.write("slice.dcm", content));
  }
  std::string damage(const std::string& content) {
    try {
      read(content);
    } catch (const UnreadableDicom& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  TempFolder folder_;
};

const std::string kEnd = sequence_end();
const std::string kItemEnd = tag(0xFFFEE00D) + little(0, 4);
constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

TEST_F(DicomTagsTest, TagsAndPlaceOfPixels) {
  const std::string content = dicom_slice(0);
  const std::optional<DicomTags> tags = read(content);
  ASSERT_TRUE(tags.has_value());
  EXPECT_EQ(tags->syntax_uid, transfer_syntax::kExplicitLittleEndian);
  EXPECT_EQ(tags->storage, kCtStorage);
  EXPECT_EQ(tags->values.at(0x0020000E), "1.2.3 ");
  ASSERT_TRUE(tags->pixels.has_value());
  EXPECT_EQ(tags->pixels->value.bytes, 12);
  EXPECT_EQ(tags->pixels->value.offset, content.size() - 12);
  EXPECT_FALSE(tags->has_overlays);
}

TEST_F(DicomTagsTest, EveryFileThatEndsTooEarlyIsFoundOut) {
  const std::string content = dicom_slice(0);
  const std::size_t tags_end = content.size() - 24;  // where the pixel element begins
  for (std::size_t kept = 133; kept < content.size(); ++kept) {
    const std::string start = content.substr(0, kept);
    try {
      const std::optional<DicomTags> tags = read(start);
      // A cut between two elements goes unnoticed, but the pixels are missing.
      EXPECT_FALSE(tags && tags->pixels) << kept;
      EXPECT_LE(kept, tags_end) << kept;
    } catch (const UnreadableDicom& error) {
      EXPECT_STRNE(error.what(), "") << kept;
    }
  }
}

TEST_F(DicomTagsTest, SequencesOfEitherLengthAreWalkedThrough) {
  const std::string inner = element(0x00080060, "CS", "MR");
  const std::string open = long_element(
      0x00081140, "SQ",
      tag(0xFFFEE000) + little(kUndefined, 4) + inner + kItemEnd + item(inner) + kEnd, kUndefined);
  const std::string closed = long_element(0x00081140, "SQ", item(inner));
  for (const std::string& sequence : {open, closed}) {
    const std::optional<DicomTags> tags = read(dicom_slice(0, sequence));
    ASSERT_TRUE(tags && tags->pixels);
    EXPECT_EQ(tags->values.at(0x00080060), "CT");
  }
}

TEST_F(DicomTagsTest, PixelsOfAnIconAreNotTheImages) {
  const std::string icon = item(long_element(0x7FE00010, "OW", "abcd"));
  const std::string content = dicom_slice(0, long_element(0x00880200, "SQ", icon));
  const std::optional<DicomTags> tags = read(content);
  ASSERT_TRUE(tags && tags->pixels);
  EXPECT_EQ(tags->pixels->value.offset, content.size() - 12);
}

TEST_F(DicomTagsTest, FragmentsAreWalkedThrough) {
  const std::string start = dicom_start("1.2.840.10008.1.2.4.90");
  const std::string fragments = item("") + item("abcd");
  const std::optional<DicomTags> tags =
      read(start + long_element(0x7FE00010, "OB", fragments + kEnd, kUndefined) + "junk");
  ASSERT_TRUE(tags && tags->pixels);
  EXPECT_TRUE(tags->pixels->encapsulated);
  EXPECT_TRUE(tags->pixels->delimited);
  // Without the delimiter, the end of the file is the end of the pixels, but not within a fragment.
  const std::optional<DicomTags> open =
      read(start + long_element(0x7FE00010, "OB", fragments, kUndefined));
  ASSERT_TRUE(open && open->pixels);
  EXPECT_FALSE(open->pixels->delimited);
  const std::string cut = fragments.substr(0, fragments.size() - 1);
  EXPECT_NE(damage(start + long_element(0x7FE00010, "OB", cut, kUndefined)).find("ends at byte"),
            std::string::npos);
  EXPECT_NE(
      damage(start + long_element(0x7FE00010, "OB", element(0x00080060, "CS", "CT"), kUndefined))
          .find("not an item"),
      std::string::npos);
  const std::string endless = tag(0xFFFEE000) + little(kUndefined, 4);
  EXPECT_NE(damage(start + long_element(0x7FE00010, "OB", endless, kUndefined)).find("no length"),
            std::string::npos);
}

TEST_F(DicomTagsTest, FragmentsWithoutEnd) {
  std::string fragments;
  for (int i = 0; i < (1 << 20) + 2; ++i) fragments += item("");
  EXPECT_EQ(damage(dicom_start("1.2.840.10008.1.2.4.90") +
                   long_element(0x7FE00010, "OB", fragments, kUndefined)),
            "its pixels have more than 1048576 fragments");
}

TEST_F(DicomTagsTest, FramesWithoutEnd) {
  std::string items;
  for (int i = 0; i < (1 << 16) + 1; ++i) items += item("");
  EXPECT_EQ(damage(dicom_start() + long_element(0x52009230, "SQ", items)),
            "it has more than 65536 frames");
}

TEST_F(DicomTagsTest, SequencesThatAreNestedTooDeeply) {
  std::string content;
  for (int i = 0; i < 1000; ++i) {
    content += tag(0x00081140) + "SQ" + std::string(2, '\0') + little(kUndefined, 4) +
               tag(0xFFFEE000) + little(kUndefined, 4);
  }
  EXPECT_EQ(damage(dicom_start() + content),
            "its sequences are nested too deeply at tag (0008,1140) at byte 834, more than 32 "
            "levels");
}

TEST_F(DicomTagsTest, ElementWithoutRepresentation) {
  EXPECT_EQ(damage(dicom_start() + std::string(64, '\x20')),
            "tag (2020,2020) at byte 194 has the value representation '  ', and what follows it is "
            "no tag in explicit VR little endian or with an implicit representation");
}

TEST_F(DicomTagsTest, DeflatedTagsThatAreDamaged) {
  EXPECT_NE(
      damage(dicom_start(transfer_syntax::kDeflated) + std::string(64, '\xFF')).find("compressed"),
      std::string::npos);
  EXPECT_EQ(damage(dicom_start(transfer_syntax::kDeflated)), "its compressed data are incomplete");
}

TEST_F(DicomTagsTest, WhatIsNotDicom) {
  EXPECT_FALSE(read("").has_value());
  EXPECT_FALSE(read("some notes").has_value());
  EXPECT_FALSE(read(std::string("\x08\0 anything", 11)).has_value());
}

TEST_F(DicomTagsTest, FileWithoutPreamble) {
  const std::optional<DicomTags> tags = read(dicom_slice(0).substr(132));
  ASSERT_TRUE(tags && tags->pixels);
  EXPECT_EQ(tags->pixels->value.bytes, 12);
}

TEST_F(DicomTagsTest, TagsBeyondTheFirstWindow) {
  const std::string large = long_element(0x00091001, "OB", std::string(100'000, 'x'));
  const std::string content = dicom_slice(0, large);
  const std::optional<DicomTags> tags = read(content);
  ASSERT_TRUE(tags && tags->pixels);
  EXPECT_EQ(tags->pixels->value.offset, content.size() - 12);
}

}  // namespace
}  // namespace lungrt::io
