#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "expect_error.h"
#include "io/byte_source.h"
#include "io/compressed_bytes.h"
#include "io/files.h"
#include "io/inflate.h"
#include "temp_folder.h"

namespace lungrt::io {
namespace {

using namespace lungrt::testing;

TEST(InputFileTest, BytesAtAPlace) {
  const TempFolder folder;
  const InputFile file(folder.write("file", "0123456789"));
  std::string bytes(4, ' ');
  EXPECT_EQ(file.read_at(3, bytes.data(), 4), 4);
  EXPECT_EQ(bytes, "3456");
  EXPECT_EQ(file.read_at(8, bytes.data(), 4), 2);
  EXPECT_EQ(file.read_at(100, bytes.data(), 4), 0);
  EXPECT_EQ(file.version().size, 10);
}

TEST(InputFileTest, WhatCannotBeRead) {
  const TempFolder folder;
  expect_error(ErrorCode::kIo, {"nothing: cannot be read (No such file"},
               [&] { InputFile(folder.path() / "nothing"); });
  const InputFile opened(folder.path());
  char byte = 0;
  expect_error(ErrorCode::kIo, {folder.path().c_str(), ": cannot be read (Is a directory)"},
               [&] { opened.read_at(0, &byte, 1); });
}

TEST(InputFileTest, VersionTellsOfEveryChange) {
  const TempFolder folder;
  const std::filesystem::path path = folder.write("file", "content");
  const FileVersion before = InputFile(path).version();
  EXPECT_EQ(InputFile(path).version(), before);
  std::filesystem::rename(folder.write("other", "CONTENT"), path);
  const FileVersion other = InputFile(path).version();
  EXPECT_NE(other, before);
  std::filesystem::resize_file(path, 3);
  const FileVersion shorter = InputFile(path).version();
  EXPECT_NE(shorter, other);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
  EXPECT_NE(InputFile(path).version(), shorter);
}

std::string inflate_all(const std::string& content, std::size_t most) {
  MemoryBytes source(content);
  return io::inflate_all(source, 0, Compression::kZlibOrGzip, most);
}

TEST(InflateTest, NoMoreThanIsTaken) {
  const std::string content(1'000'000, 'x');
  EXPECT_EQ(inflate_all(compressed(content), content.size()), content);
  try {
    inflate_all(compressed(content), content.size() - 1);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "it inflates to more than 999999 bytes");
  }
}

/// Expects that inflating fails for a reason.
void refuse(const std::string& content, Compression compression, const char* reason) {
  MemoryBytes source(content);
  try {
    io::inflate_all(source, 0, compression, 1000);
    ADD_FAILURE() << reason;
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), reason);
  }
}

TEST(InflateTest, DataThatAreNotWhole) {
  const std::string whole = compressed("some text");
  std::string damaged = whole;
  damaged.back() = static_cast<char>(~damaged.back());  // part of the checksum
  for (std::size_t size = 0; size < whole.size(); ++size) {
    refuse(whole.substr(0, size), Compression::kZlibOrGzip, "its compressed data are incomplete");
  }
  refuse(damaged, Compression::kZlibOrGzip,
         "its compressed data are damaged: incorrect data check");
  refuse("some text", Compression::kZlibOrGzip,
         "its compressed data are damaged: incorrect header check");
  refuse(whole, Compression::kGzip, "its compressed data are damaged: incorrect header check");
}

TEST(InflateTest, MembersOfGzipData) {
  const std::string members = gzipped("some ") + gzipped("") + gzipped("text");
  const auto inflated = [](const std::string& content) {
    MemoryBytes source(content);
    return io::inflate_all(source, 0, Compression::kGzip, 1000);
  };
  EXPECT_EQ(inflated(members), "some text");
  EXPECT_EQ(inflated(members + std::string(600'000, '\0')), "some text");  // as tapes pad it
  refuse(members + "x", Compression::kGzip, "other bytes follow its compressed data");
  refuse(members + std::string("\0x", 2), Compression::kGzip,
         "other bytes follow its compressed data");
  refuse(members + "\x1f", Compression::kGzip, "its compressed data are incomplete");
}

TEST(InflateTest, InPartsOfAnySize) {
  std::string content;
  std::uint32_t noise = 1;
  for (int i = 0; i < 300'000; ++i) {
    noise = noise * 1664525 + 1013904223;
    content += static_cast<char>(noise >> 24);
  }
  const std::string before = "header", data = compressed(content);
  ASSERT_GT(data.size(), 1U << 18);  // more than one read of the source
  MemoryBytes source(before + data + "and more");
  Inflater inflater(source, before.size(), Compression::kZlibOrGzip);
  EXPECT_EQ(inflater.skip(7), 7U);
  std::string found(content.size(), ' ');
  EXPECT_EQ(inflater.read(found.data(), 1), 1U);
  EXPECT_EQ(inflater.read(found.data() + 1, found.size()), content.size() - 8);
  EXPECT_EQ(found.substr(0, content.size() - 7), content.substr(7));
  EXPECT_EQ(inflater.read(found.data(), 1), 0U);
  EXPECT_EQ(inflater.taken(), data.size());
}

}  // namespace
}  // namespace lungrt::io
