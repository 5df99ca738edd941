#include "lungrt/mask.h"

#include <algorithm>
#include <bit>

#include "core/bit_packing.h"
#include "core/shape.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {

NoduleMask::NoduleMask(const VolumeShape& shape) : shape_(shape) {
  check_shape(shape, ErrorCode::kInvalidArgument);
  words_per_row_ = (shape.columns + 63) / 64;
  words_.resize(static_cast<std::size_t>(shape.slices * shape.rows * words_per_row_));
}

NoduleMask NoduleMask::from_bytes(const std::uint8_t* bytes, const VolumeShape& shape) {
  if (bytes == nullptr)
    throw Error(ErrorCode::kInvalidArgument, "the bytes of the mask are a null pointer");
  NoduleMask mask(shape);
  const std::int64_t whole = shape.columns / 64, rest = shape.columns % 64;
  std::uint64_t* word = mask.words_.data();
  for (std::int64_t row = 0; row < shape.slices * shape.rows; ++row, bytes += shape.columns) {
    for (std::int64_t k = 0; k < whole; ++k) *word++ = pack_nonzero64(bytes + 64 * k);
    if (rest != 0) *word++ = pack_nonzero_portable(bytes + 64 * whole, rest);
  }
  return mask;
}

std::uint64_t* NoduleMask::row(std::int64_t slice, std::int64_t row) {
  return words_.data() + (slice * shape_.rows + row) * words_per_row_;
}

const std::uint64_t* NoduleMask::row(std::int64_t slice, std::int64_t row) const {
  return words_.data() + (slice * shape_.rows + row) * words_per_row_;
}

bool NoduleMask::at(const VoxelIndex& index) const {
  if (!shape_.contains(index)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "voxel " + text::place(index) + " lies outside the mask of " + text::extent(shape_));
  }
  return (row(index.slice, index.row)[index.column / 64] >> (index.column % 64) & 1) != 0;
}

std::int64_t NoduleMask::count() const {
  std::int64_t set = 0;
  for (const std::uint64_t word : words_) set += std::popcount(word);
  return set;
}

void NoduleMask::to_bytes(std::uint8_t* bytes) const {
  if (bytes == nullptr)
    throw Error(ErrorCode::kInvalidArgument, "the bytes of the mask are a null pointer");
  const std::uint64_t* word = words_.data();
  for (std::int64_t row = 0; row < shape_.slices * shape_.rows; ++row) {
    for (std::int64_t column = 0; column < shape_.columns; column += 64, ++word) {
      const std::int64_t count = std::min<std::int64_t>(64, shape_.columns - column);
      for (std::int64_t k = 0; k < count; ++k) {
        *bytes++ = static_cast<std::uint8_t>(*word >> k & 1);
      }
    }
  }
}

}  // namespace lungrt
