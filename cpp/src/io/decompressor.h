/// Decompressing bytes of a file into memory of the caller.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lungrt::io {

/// A compressed stream that is read from its beginning to its end.
class Decompressor {
 public:
  Decompressor() = default;
  virtual ~Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// \return number of bytes, fewer than requested only at the end of the data
  /// \throws std::runtime_error  for damaged or incomplete data
  virtual std::size_t read(void* target, std::size_t bytes) = 0;
  /// Number of compressed bytes that were used.
  virtual std::uint64_t taken() const = 0;

  /// Decompresses some bytes and forgets them.
  /// \return number of bytes, fewer than requested only at the end of the data
  /// \throws std::runtime_error  for damaged or incomplete data
  std::uint64_t skip(std::uint64_t bytes);
};

}  // namespace lungrt::io
