#include <gtest/gtest.h>

#include "io/numbers.h"
#include "io/utf8.h"
#include "lungrt/io.h"

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

TEST(Utf8Test, WhatATerminalWouldObeyIsWrittenOut) {
  EXPECT_EQ(printable("CHEST\x1B[31m\x07"), "CHEST\\x1b[31m\\x07");
  EXPECT_EQ(printable(std::string("a\nb\tc\0d", 7)), "a\\x0ab\\x09c\\x00d");
  EXPECT_EQ(printable("\x7F\xC2\x9B\xC2\xA0"), "\\x7f\\x9b\xC2\xA0");  // C1; a hard space
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u202eb");  // text turned around
  EXPECT_EQ(printable("\xE2\x80\xA8\xE2\x81\xA6"), "\\u2028\\u2066");
  EXPECT_EQ(printable("n\xFC"), "n\\xfc");  // not UTF-8
  EXPECT_EQ(printable("n\xC3\xBC\xE2\x82\xAC\xF0\x9F\xAB\x81"),
            "n\xC3\xBC\xE2\x82\xAC\xF0\x9F\xAB\x81");
}

TEST(Utf8Test, MessagesKeepTheirLines) {
  EXPECT_EQ(lungrt::printable("a\x1B[2J\n  b\r\n"), "a\\x1b[2J\n  b\\x0d\n");
  EXPECT_EQ(lungrt::printable(""), "");
}

TEST(Utf8Test, ExcerptsFitIntoAMessage) {
  EXPECT_EQ(excerpt(" a\tb\x1B[31m "), "a\\x09b\\x1b[31m");
  EXPECT_EQ(excerpt(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(excerpt(std::string(81, 'x')), std::string(80, 'x') + "...");
  std::string umlauts;
  for (int i = 0; i < 80; ++i) umlauts += "\xC3\xBC";
  EXPECT_EQ(excerpt(umlauts), umlauts);
  EXPECT_EQ(excerpt(umlauts + "x"), umlauts + "...");
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
