/// Random access to bytes, without reading a whole file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "io/files.h"

namespace lungrt::io {

/// Bytes that can be read at any offset.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  /// \return the bytes, fewer than requested at the end; valid until the next call
  virtual std::string_view bytes(std::uint64_t offset, std::size_t count) = 0;
};

/// Bytes of a file, of which one window is held in memory at a time.
class FileWindow : public ByteSource {
 public:
  /// \throws Error kIo
  explicit FileWindow(const std::filesystem::path& path) : file_(path), version_(file_.version()) {}
  std::uint64_t size() const override { return version_.size; }
  const FileVersion& version() const { return version_; }
  std::string_view bytes(std::uint64_t offset, std::size_t count) override;
  /// Reads straight into memory of the caller; see InputFile.
  std::size_t read_at(std::uint64_t offset, void* target, std::size_t bytes) const {
    return file_.read_at(offset, target, bytes);
  }

 private:
  InputFile file_;
  FileVersion version_;
  std::uint64_t first_ = 0;
  std::string window_;
};

/// Bytes in memory that somebody else keeps.
class BytesView : public ByteSource {
 public:
  explicit BytesView(std::string_view content) : content_(content) {}
  std::uint64_t size() const override { return content_.size(); }
  std::string_view bytes(std::uint64_t offset, std::size_t count) override {
    if (offset >= content_.size()) return {};
    return content_.substr(static_cast<std::size_t>(offset), count);
  }

 private:
  std::string_view content_;
};

/// Bytes in memory.
class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::string content) : content_(std::move(content)) {}
  std::uint64_t size() const override { return content_.size(); }
  std::string_view bytes(std::uint64_t offset, std::size_t count) override {
    if (offset >= content_.size()) return {};
    return std::string_view(content_).substr(static_cast<std::size_t>(offset), count);
  }

 private:
  std::string content_;
};

}  // namespace lungrt::io
