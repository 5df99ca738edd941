#include "ops/context.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/interleave.h"
#include "ops/network_input.h"

namespace lungrt::ops {
namespace {

std::int64_t round_up(std::int64_t size, std::int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

/// Row of the network's input: halo, columns of the window, and padding up to the width.
struct RowLayout {
  std::int64_t columns, halo, width;
};

/// Writes a row of one channel.
void write_row(const std::int16_t* hu, const RowLayout& layout, const InputContract& input,
               float* output) {
  float* inside = output + layout.halo;
  normalize(hu, layout.columns, input, inside);
  std::fill(output, inside, inside[0]);
  std::fill(inside + layout.columns, output + layout.width, inside[layout.columns - 1]);
}

/// Writes a row of all channels, interleaved pixel by pixel.
/// \param row_of  channel -> first voxel of its row
template <typename RowOf>
void write_nhwc_row(const RowOf& row_of, std::int64_t channels, const RowLayout& layout,
                    const InputContract& input, float* output) {
  // A block of pixels stays in the L1 cache while its channels are written: a few at a time, and
  // the last ones first, as `interleave` requires.
  constexpr std::int64_t kBlock = 128;
  std::array<float, kInterleavedChannels * kBlock> planes{};
  const std::int64_t last_group = (channels - 1) / kInterleavedChannels * kInterleavedChannels;
  float* inside = output + layout.halo * channels;
  for (std::int64_t first = 0; first < layout.columns; first += kBlock) {
    const std::int64_t count = std::min(kBlock, layout.columns - first);
    for (std::int64_t group = last_group; group >= 0; group -= kInterleavedChannels) {
      const std::int64_t members = std::min(kInterleavedChannels, channels - group);
      for (std::int64_t c = 0; c < members; ++c) {
        normalize(row_of(group + c) + first, count, input, planes.data() + c * kBlock);
      }
      interleave(planes.data(), kBlock, count, members, channels,
                 inside + first * channels + group);
    }
  }
  const auto repeat = [&](const float* pixel, std::int64_t from, std::int64_t to) {
    for (std::int64_t x = from; x < to; ++x) {
      std::copy_n(pixel, channels, output + x * channels);
    }
  };
  repeat(inside, 0, layout.halo);
  repeat(inside + (layout.columns - 1) * channels, layout.halo + layout.columns, layout.width);
}

/// Fills the rows above and below the window with copies of its first and last row.
void pad_rows(float* output, std::int64_t row_floats, std::int64_t halo, std::int64_t rows,
              std::int64_t height) {
  const float* first = output + halo * row_floats;
  const float* last = first + (rows - 1) * row_floats;
  for (std::int64_t y = 0; y < halo; ++y) std::copy_n(first, row_floats, output + y * row_floats);
  for (std::int64_t y = halo + rows; y < height; ++y) {
    std::copy_n(last, row_floats, output + y * row_floats);
  }
}

}  // namespace

PaddedSize padded_size(std::int64_t rows, std::int64_t columns, const InputContract& input) {
  return {round_up(rows, input.size_multiple) + 2 * input.halo,
          round_up(columns, input.size_multiple) + 2 * input.halo};
}

PaddedSize padded_size(const VolumeShape& shape, const InputContract& input) {
  return padded_size(shape.rows, shape.columns, input);
}

void stack_context(const CtVolume& volume, std::int64_t slice, const InputContract& input,
                   Layout layout, float* output) {
  stack_context(volume, slice, whole_slice(volume.shape()), input, layout, output);
}

void stack_context(const CtVolume& volume, std::int64_t slice, const SliceWindow& window,
                   const InputContract& input, Layout layout, float* output) {
  const VolumeShape& shape = volume.shape();
  if (slice < 0 || slice >= shape.slices) {
    throw Error(ErrorCode::kInvalidArgument,
                "slice " + std::to_string(slice) + " lies outside of the volume of " +
                    text::extent(shape) + " (slices x rows x columns)");
  }
  if (window.empty() || window.first_row < 0 || window.first_column < 0 ||
      window.last_row() > shape.rows || window.last_column() > shape.columns) {
    throw Error(ErrorCode::kInvalidArgument,
                "rows " + std::to_string(window.first_row) + " to " +
                    std::to_string(window.last_row()) + " and columns " +
                    std::to_string(window.first_column) + " to " +
                    std::to_string(window.last_column()) +
                    " are empty or extend beyond a slice of the volume of " + text::extent(shape) +
                    " (slices x rows x columns)");
  }
  const PaddedSize padded = padded_size(window.rows, window.columns, input);
  const RowLayout row_layout{window.columns, input.halo, padded.width};
  const std::int64_t channels = 2 * input.context_slices + 1;
  // The window's first voxel in the slice of a channel.
  const auto source = [&](std::int64_t channel) {
    const std::int64_t wanted = slice - input.context_slices + channel;
    return volume.slice(std::clamp<std::int64_t>(wanted, 0, shape.slices - 1)) +
           window.first_row * shape.columns + window.first_column;
  };

  if (layout == Layout::kNchw) {
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const std::int16_t* hu = source(channel);
      float* plane = output + channel * padded.height * padded.width;
      for (std::int64_t row = 0; row < window.rows; ++row) {
        write_row(hu + row * shape.columns, row_layout, input,
                  plane + (input.halo + row) * padded.width);
      }
      pad_rows(plane, padded.width, input.halo, window.rows, padded.height);
    }
    return;
  }
  const std::int64_t row_floats = padded.width * channels;
  for (std::int64_t row = 0; row < window.rows; ++row) {
    const auto row_of = [&](std::int64_t channel) { return source(channel) + row * shape.columns; };
    write_nhwc_row(row_of, channels, row_layout, input, output + (input.halo + row) * row_floats);
  }
  pad_rows(output, row_floats, input.halo, window.rows, padded.height);
}

}  // namespace lungrt::ops
