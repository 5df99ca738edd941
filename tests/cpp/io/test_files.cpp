#include <gtest/gtest.h>

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

TEST(InflateTest, DataThatAreNotWhole) {
  const std::string whole = compressed("some text");
  const std::string cut = whole.substr(0, whole.size() - 6);
  std::string damaged = whole;
  damaged.back() = static_cast<char>(~damaged.back());  // part of the checksum
  EXPECT_THROW(inflate_all(cut, 1000), std::runtime_error);
  EXPECT_THROW(inflate_all(damaged, 1000), std::runtime_error);
}

}  // namespace
}  // namespace lungrt::io
