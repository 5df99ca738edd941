#include "io/nifti_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "io/gz_file.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kHeaderBytes = 540;  // NIfTI-2; the header of NIfTI-1 has 348

using Header = std::array<unsigned char, kHeaderBytes>;

/// A number in the header, in either byte order.
template <typename T>
T number(const Header& header, std::size_t at, bool swapped) {
  std::array<unsigned char, sizeof(T)> bytes;
  std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(at), sizeof(T), bytes.begin());
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

/// Product of the axes' sizes.
template <typename T>
double voxels(const Header& header, std::size_t at, bool swapped) {
  const T axes = number<T>(header, at, swapped);
  double product = 1.0;
  for (T axis = 1; axis <= std::min<T>(axes, 7); ++axis) {
    product *= static_cast<double>(
        number<T>(header, at + static_cast<std::size_t>(axis) * sizeof(T), swapped));
  }
  return product;
}

/// Size of the file according to its header, in either format and byte order.
double expected_bytes(const Header& header) {
  for (const bool swapped : {false, true}) {
    const auto header_size = number<std::int32_t>(header, 0, swapped);
    double count, bits, offset;
    if (header_size == 348) {
      count = voxels<std::int16_t>(header, 40, swapped);
      bits = number<std::int16_t>(header, 72, swapped);
      offset = number<float>(header, 108, swapped);
    } else if (header_size == 540) {
      count = voxels<std::int64_t>(header, 16, swapped);
      bits = number<std::int16_t>(header, 14, swapped);
      offset = static_cast<double>(number<std::int64_t>(header, 168, swapped));
    } else {
      continue;
    }
    if (std::isfinite(offset)) return std::floor(offset + count * bits / 8);
  }
  return kHeaderBytes;  // unknown formats need a header; everything else is left to ITK's reader
}

}  // namespace

void require_complete_nifti(const std::filesystem::path& path) {
  Header header{};
  std::size_t filled = 0;
  const std::int64_t found = read_gz_file(path, 0, [&](std::string_view piece) {
    const std::string_view missing = piece.substr(0, kHeaderBytes - filled);
    std::copy(missing.begin(), missing.end(), header.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += missing.size();
  });
  const double expected = expected_bytes(header);
  if (static_cast<double>(found) < expected) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated: its header requires " +
                                    std::to_string(static_cast<std::int64_t>(expected)) +
                                    " bytes, but it has " + std::to_string(found) +
                                    "; copy or download it again");
  }
}

}  // namespace lungrt::io
