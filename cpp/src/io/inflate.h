/// Inflating compressed bytes.
#pragma once

#define ZLIB_CONST  // zlib does not write to its input
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/byte_source.h"
#include "io/decompressor.h"

namespace lungrt::io {

enum class Compression {
  kDeflate,     ///< raw deflate data, of DICOM
  kZlibOrGzip,  ///< one stream, of MetaImage; what follows it does not matter
  kGzip,        ///< any number of gzip members, which may be padded with zeros
};

/// Deflate makes no byte of its input into more than so many bytes.
inline constexpr std::uint64_t kMostInflation = 1032;

/// Inflates the compressed data that begins at an offset of a source, straight into memory of the
/// caller. Checksums are verified.
class Inflater : public Decompressor {
 public:
  Inflater(ByteSource& source, std::uint64_t at, Compression compression);
  ~Inflater() override { inflateEnd(&stream_); }

  std::size_t read(void* target, std::size_t bytes) override;
  std::uint64_t taken() const override { return at_ - stream_.avail_in - begin_; }

 private:
  void fill();
  void end_stream();

  ByteSource& source_;
  Compression compression_;
  std::uint64_t begin_, at_;
  z_stream stream_{};
  bool ended_ = false;
};

/// Inflates into memory.
/// \param most  largest size of the result in bytes
/// \throws std::runtime_error  for damaged or incomplete data, or a larger result
std::string inflate_all(ByteSource& source, std::uint64_t at, Compression compression,
                        std::size_t most);

}  // namespace lungrt::io
