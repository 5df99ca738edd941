#include "io/inflate.h"

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace lungrt::io {
namespace {

constexpr std::size_t kChunk = 1 << 18;

int window_bits(Compression compression) {
  constexpr int kGzipHeader = 16, kEitherHeader = 32;  // as inflateInit2 wants them
  switch (compression) {
    case Compression::kDeflate:
      return -MAX_WBITS;
    case Compression::kZlibOrGzip:
      return MAX_WBITS + kEitherHeader;
    case Compression::kGzip:
      break;
  }
  return MAX_WBITS + kGzipHeader;
}

}  // namespace

Inflater::Inflater(ByteSource& source, std::uint64_t at, Compression compression)
    : source_(source), compression_(compression), begin_(at), at_(at) {
  if (inflateInit2(&stream_, window_bits(compression)) != Z_OK) throw std::bad_alloc();
}

/// Takes the next compressed bytes, none at the end of the source.
void Inflater::fill() {
  const std::uint64_t left = source_.size() - std::min(source_.size(), at_);
  const std::string_view input =
      source_.bytes(at_, static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk)));
  at_ += input.size();
  stream_.next_in = reinterpret_cast<const Bytef*>(input.data());
  stream_.avail_in = static_cast<uInt>(input.size());
}

/// Ends, or begins the next member of gzip data.
void Inflater::end_stream() {
  if (compression_ != Compression::kGzip) {
    ended_ = true;
    return;
  }
  while (true) {
    if (stream_.avail_in == 0) fill();
    if (stream_.avail_in == 0) {
      ended_ = true;
      return;
    }
    const Bytef* const end = stream_.next_in + stream_.avail_in;
    const Bytef* const next = std::find_if(stream_.next_in, end, [](Bytef b) { return b != 0; });
    stream_.avail_in = static_cast<uInt>(end - next);
    stream_.next_in = next;
    if (next == end) continue;
    constexpr Bytef kGzipMark = 0x1F;
    if (*next != kGzipMark) throw std::runtime_error("other bytes follow its compressed data");
    inflateReset(&stream_);
    return;
  }
}

std::size_t Inflater::read(void* target, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes && !ended_) {
    if (stream_.avail_in == 0) fill();
    const bool nothing_left = stream_.avail_in == 0;
    const std::size_t room = std::min<std::size_t>(bytes - done, std::numeric_limits<uInt>::max());
    stream_.next_out = static_cast<Bytef*>(target) + done;
    stream_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    done += room - stream_.avail_out;
    if (status == Z_STREAM_END) {
      end_stream();
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_BUF_ERROR && nothing_left) {
      throw std::runtime_error("its compressed data are incomplete");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw std::runtime_error(std::string("its compressed data are damaged") +
                               (stream_.msg == nullptr ? "" : std::string(": ") + stream_.msg));
    }
  }
  return done;
}

std::string inflate_all(ByteSource& source, std::uint64_t at, Compression compression,
                        std::size_t most) {
  Inflater inflater(source, at, compression);
  std::string result;
  while (true) {
    const std::size_t before = result.size();
    result.resize(before + kChunk);
    const std::size_t found = inflater.read(result.data() + before, kChunk);
    result.resize(before + found);
    if (result.size() > most) {
      throw std::runtime_error("it inflates to more than " + std::to_string(most) + " bytes");
    }
    if (found < kChunk) return result;
  }
}

}  // namespace lungrt::io
