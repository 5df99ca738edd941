#include "io/bunzip2.h"

#include <dlfcn.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <string_view>

namespace lungrt::io {
namespace {

constexpr std::size_t kChunk = 1 << 18;

/// The functions and types of bzlib.h, whose binary interface has not changed since bzip2 1.0 of
/// the year 2000.
struct BzStream {
  const char* next_in;
  unsigned avail_in, total_in_low, total_in_high;
  char* next_out;
  unsigned avail_out, total_out_low, total_out_high;
  void* state;
  void* (*allocate)(void*, int, int);
  void (*release)(void*, void*);
  void* opaque;
};

enum Status : int { kOk = 0, kStreamEnd = 4, kNoMemory = -3 };

struct Library {
  int (*init)(BzStream*, int verbosity, int small);
  int (*decompress)(BzStream*);
  int (*end)(BzStream*);
};

void* opened() {
  for (const char* name : {"libbz2.so.1.0", "libbz2.so.1"}) {  // as Debian and as Fedora call it
    if (void* handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return handle;
  }
  throw std::runtime_error(
      "its voxels are compressed by bzip2, whose library was not found; install libbz2 (Debian: "
      "libbz2-1.0), or save the file with the encoding gzip");
}

template <typename Function>
void find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  if (function == nullptr) throw std::runtime_error(std::string("libbz2 has no function ") + name);
}

const Library& library() {
  static const Library found = [] {
    void* const handle = opened();
    Library functions{};
    find(handle, "BZ2_bzDecompressInit", functions.init);
    find(handle, "BZ2_bzDecompress", functions.decompress);
    find(handle, "BZ2_bzDecompressEnd", functions.end);
    return functions;
  }();
  return found;
}

}  // namespace

struct Bunzip2::Stream : BzStream {};

Bunzip2::Bunzip2(ByteSource& source, std::uint64_t at)
    : source_(source), begin_(at), at_(at), stream_(new Stream{}) {
  begin_stream();
}

Bunzip2::~Bunzip2() { library().end(stream_.get()); }

void Bunzip2::begin_stream() {
  if (library().init(stream_.get(), 0, 0) != kOk) throw std::bad_alloc();
}

/// Takes the next compressed bytes, none at the end of the source.
void Bunzip2::fill() {
  const std::uint64_t left = source_.size() - std::min(source_.size(), at_);
  const std::string_view input =
      source_.bytes(at_, static_cast<std::size_t>(std::min<std::uint64_t>(left, kChunk)));
  at_ += input.size();
  stream_->next_in = input.data();
  stream_->avail_in = static_cast<unsigned>(input.size());
}

/// Ends, or begins the next stream, as parallel compressors write several.
void Bunzip2::end_stream() {
  if (stream_->avail_in == 0) fill();
  if (stream_->avail_in == 0) {
    ended_ = true;
    return;
  }
  if (*stream_->next_in != 'B') throw std::runtime_error("other bytes follow its compressed data");
  const char* const input = stream_->next_in;
  const unsigned left = stream_->avail_in;
  library().end(stream_.get());
  begin_stream();
  stream_->next_in = input;
  stream_->avail_in = left;
}

std::size_t Bunzip2::read(void* target, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes && !ended_) {
    if (stream_->avail_in == 0) fill();
    const bool nothing_left = stream_->avail_in == 0;
    const std::size_t room =
        std::min<std::size_t>(bytes - done, std::numeric_limits<unsigned>::max());
    stream_->next_out = static_cast<char*>(target) + done;
    stream_->avail_out = static_cast<unsigned>(room);
    const int status = library().decompress(stream_.get());
    const std::size_t found = room - stream_->avail_out;
    done += found;
    if (status == kStreamEnd) {
      end_stream();
    } else if (status == kNoMemory) {
      throw std::bad_alloc();
    } else if (status != kOk) {
      throw std::runtime_error("its compressed data are damaged");
    } else if (nothing_left && found == 0) {
      throw std::runtime_error("its compressed data are incomplete");
    }
  }
  return done;
}

std::uint64_t Bunzip2::taken() const { return at_ - stream_->avail_in - begin_; }

}  // namespace lungrt::io
