#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "check.h"
#include "input_reader.h"
#include "io/bunzip2.h"
#include "io/images/read_image.h"
#include "io/inflate.h"
#include "memory_file.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

/// Formats, by the first byte of an input. After the first four comes deflated data.
constexpr std::array<const char*, 4> kSuffixes{".mha", ".nii", ".nii.gz", ".nrrd"};
constexpr std::int64_t kDeflate = 4, kPair = 5, kBzip2 = 6;

void read(std::string_view content, const char* suffix) {
  // A pair's header and voxels are the same bytes.
  static const MemoryFile file{"ct.mha", "ct.nii", "ct.nii.gz", "ct.nrrd", "ct.hdr", "ct.img"};
  file.write(content);
  accepts({ErrorCode::kIo, ErrorCode::kBadVolume}, [&] {
    const CtVolume volume = io::read_image(file.path(std::string("ct") + suffix));
    std::int64_t sum = 0;  // reads every voxel
    for (std::int64_t i = 0; i < volume.shape().voxels(); ++i) sum += volume.data()[i];
    check(sum >= -32768 * volume.shape().voxels(), "voxels beyond int16");
  });
}

void unpack_bzip2(std::string_view content) {
  constexpr std::uint64_t kMost = 1 << 24;  // a bomb would take minutes
  io::MemoryBytes source{std::string(content)};
  try {
    io::Bunzip2 data(source, 0);
    check(data.skip(kMost) <= kMost, "more bytes than were asked for");
    check(data.taken() <= content.size(), "more bytes taken than there are");
  } catch (const std::runtime_error& error) {
    check(error.what()[0] != '\0', "an error without words");
  }
}

void inflate(std::string_view content, std::size_t most) {
  io::MemoryBytes source{std::string(content)};
  try {
    const std::string result = io::inflate_all(source, 0, io::Compression::kDeflate, most);
    check(result.size() <= most, "more bytes than allowed");
    check(result.size() <= io::kMostInflation * content.size(), "more bytes than deflate can make");
  } catch (const std::runtime_error& error) {
    check(error.what()[0] != '\0', "an error without words");
  }
}

}  // namespace

void image(std::string_view input) {
  InputReader reader(input);
  const std::int64_t kind = reader.small(0, kBzip2);
  if (kind == kDeflate) {
    inflate(reader.rest(), 1 << 16);
  } else if (kind == kBzip2) {
    unpack_bzip2(reader.rest());
  } else {
    read(reader.rest(), kind == kPair ? ".hdr" : kSuffixes[static_cast<std::size_t>(kind)]);
  }
}

}  // namespace lungrt::fuzz
