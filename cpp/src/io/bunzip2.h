/// Decompressing bzip2 data, which NRRD files may hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "io/byte_source.h"
#include "io/decompressor.h"

namespace lungrt::io {

/// Decompresses the bzip2 streams that begin at an offset of a source. The system's libbz2 does it,
/// which is opened when it is first needed: such files are rare, and no wheel may link it.
class Bunzip2 : public Decompressor {
 public:
  /// \throws std::runtime_error  if libbz2 is not installed
  Bunzip2(ByteSource& source, std::uint64_t at);
  ~Bunzip2() override;

  std::size_t read(void* target, std::size_t bytes) override;
  std::uint64_t taken() const override;

 private:
  struct Stream;
  void begin_stream();
  void fill();
  void end_stream();

  ByteSource& source_;
  std::uint64_t begin_, at_;
  std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

}  // namespace lungrt::io
