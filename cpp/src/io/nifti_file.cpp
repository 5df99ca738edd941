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

constexpr std::size_t kHeaderBytes = 540;  // of NIfTI-2; NIfTI-1 has 348

using Header = std::array<unsigned char, kHeaderBytes>;

/// A number of the header in either byte order.
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

/// Size of the file by its header, of either format and byte order.
double promised_bytes(const Header& header) {
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
  return kHeaderBytes;  // unknown kinds are left to the reader, once they have a header at all
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
  const double promised = promised_bytes(header);
  if (static_cast<double>(found) < promised) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated, it holds " + std::to_string(found) +
                                    " of " + std::to_string(static_cast<std::int64_t>(promised)) +
                                    " bytes that its header promises; fetch it anew");
  }
}

}  // namespace lungrt::io
