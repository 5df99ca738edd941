#include "io/inflate.h"

#include <itk_zlib.h>

#include <memory>
#include <new>
#include <stdexcept>

namespace lungrt::io {

std::uint64_t inflate_from(ByteSource& source, std::uint64_t at, Compression compression,
                           const std::function<void(std::string_view)>& sink) {
  constexpr std::size_t kChunk = 1 << 18;
  constexpr int kEitherHead = 32;  // makes zlib accept both kinds of header
  z_stream stream{};
  const int window = compression == Compression::kDeflate ? -MAX_WBITS : MAX_WBITS + kEitherHead;
  int status = inflateInit2(&stream, window);
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  std::string input, output(kChunk, '\0');
  while (status == Z_OK) {
    if (stream.avail_in == 0) {
      input = source.bytes(at, kChunk);
      at += input.size();
      if (input.empty()) break;
      stream.next_in = reinterpret_cast<Bytef*>(input.data());
      stream.avail_in = static_cast<uInt>(input.size());
    }
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(kChunk);
    status = inflate(&stream, Z_NO_FLUSH);
    sink(std::string_view(output).substr(0, kChunk - stream.avail_out));
  }
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (status != Z_STREAM_END) {
    throw std::runtime_error(status == Z_OK ? "its compressed data are incomplete"
                                            : "its compressed data are damaged");
  }
  return stream.total_in;
}

std::string inflate_all(ByteSource& source, std::uint64_t at, Compression compression,
                        std::size_t most) {
  std::string result;
  inflate_from(source, at, compression, [&](std::string_view piece) {
    if (result.size() + piece.size() > most) {
      throw std::runtime_error("it inflates to more than " + std::to_string(most) + " bytes");
    }
    result += piece;
  });
  return result;
}

}  // namespace lungrt::io
