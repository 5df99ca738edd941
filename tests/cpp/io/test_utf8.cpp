#include <gtest/gtest.h>

#include <stdexcept>

#include "io/dicom/numbers.h"
#include "io/utf8.h"

namespace lungrt::io {
namespace {

TEST(Utf8Test, PaddingIsRemoved) {
  EXPECT_EQ(clean(std::string("  chest \0\0", 10)), "chest");
  EXPECT_EQ(clean(std::string(" \0 ", 3)), "");
}

TEST(Utf8Test, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(clean("n\xC3\xBC"), "n\xC3\xBC");
  EXPECT_EQ(clean("n\xFC"), "n\xEF\xBF\xBD");
  EXPECT_EQ(clean("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(clean("\xF4\x90\x80\x80").size(), 12);  // beyond the last code point
  EXPECT_EQ(clean("\xE0\x80\x80").size(), 9);       // an overlong form
  EXPECT_EQ(clean("\xE2\x82\xAC"), "\xE2\x82\xAC");
  EXPECT_EQ(clean("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8Test, ReasonOfItk) {
  const std::runtime_error error(
      "itk.cxx:1:\nITK ERROR: MetaImageIO(0x55d0): File cannot be read: x\nReason: Success\n");
  EXPECT_EQ(itk_reason(error), "File cannot be read: x");
  const auto reason = [](const char* message) { return itk_reason(std::runtime_error(message)); };
  EXPECT_EQ(reason("ERROR: no object"), "no object");
  EXPECT_EQ(reason("ITK ERROR: a b(0x1): x"), "a b(0x1): x");  // not the name of a class
  EXPECT_EQ(reason("ITK ERROR: A: (0x1)"), "A: (0x1)");
  EXPECT_EQ(reason("ITK says nothing"), "ITK says nothing");
}

TEST(NumbersTest, AsDicomWritesThem) {
  double value = 0;
  EXPECT_TRUE(parse_number(" +1.5e1 ", value));
  EXPECT_EQ(value, 15);
  for (const char* wrong : {"", " ", "nan", "inf", "1,5", "+-1", "1 2", "0x10"}) {
    EXPECT_FALSE(parse_number(wrong, value)) << wrong;
  }
}

}  // namespace
}  // namespace lungrt::io
