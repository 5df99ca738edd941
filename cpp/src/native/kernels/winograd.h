/// Winograd's algorithm F(4 x 4, 3 x 3): 36 products instead of 144 for sixteen pixels.
///
/// Uses the points 0, 1, -1, 2, -2 and infinity. The transforms balance additions and fused
/// multiply-adds, because many processors have separate units for them.
/// (A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016.)
#pragma once

#include "native/kernels/product.h"

namespace lungrt::native {
namespace {

constexpr int kInputTile = kTile + 2;
constexpr int kBiasPosition = kInputTile + 1;  ///< (1, 1): has weight 1 in all sixteen outputs

/// Rows 0, 1, 2 of B^T d, for a column d of six values.
[[gnu::always_inline]] inline void transform_upper(const Vec (&d)[kInputTile], Vec (&out)[3]) {
  const Vec four = broadcast(4.0F);
  const Vec even = fnma(four, d[2], d[4]);
  const Vec odd = fnma(four, d[1], d[3]);
  out[0] = fma(four, d[0] - d[2], d[4] - d[2]);
  out[1] = even + odd;
  out[2] = even - odd;
}

/// Rows 3, 4, 5 of B^T d, for a column d of six values.
[[gnu::always_inline]] inline void transform_lower(const Vec (&d)[kInputTile], Vec (&out)[3]) {
  const Vec two = broadcast(2.0F);
  const Vec even = d[4] - d[2];
  const Vec odd = d[3] - d[1];
  out[0] = fma(two, odd, even);
  out[1] = fnma(two, odd, even);
  out[2] = fnma(broadcast(4.0F), odd, d[5] - d[3]);
}

/// Three rows of B^T d B. Only half of a tile fits into the registers. Storing intermediate values
/// would cost more than the few operations that are computed for both halves.
template <bool kUpper, typename Rows>
[[gnu::always_inline]] inline void transform_half(const Rows& pixels, std::ptrdiff_t x,
                                                  float* out) {
  Vec rows[3][kInputTile];
#pragma GCC unroll 6
  for (int c = 0; c < kInputTile; ++c) {
    Vec column[kInputTile];
    Vec transformed[3];
#pragma GCC unroll 6
    for (int r = 0; r < kInputTile; ++r) column[r] = pixels(r, x + c);
    if constexpr (kUpper) {
      transform_upper(column, transformed);
    } else {
      transform_lower(column, transformed);
    }
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) rows[r][c] = transformed[r];
  }
#pragma GCC unroll 3
  for (int r = 0; r < 3; ++r) {
    Vec upper[3];
    Vec lower[3];
    transform_upper(rows[r], upper);
    transform_lower(rows[r], lower);
#pragma GCC unroll 3
    for (int c = 0; c < 3; ++c, out += kBlock) store(out, upper[c]);
#pragma GCC unroll 3
    for (int c = 0; c < 3; ++c, out += kBlock) store(out, lower[c]);
  }
}

/// Input rows of a strip.
struct StripRows {
  const float* row[kInputTile];
  [[gnu::always_inline]] Vec operator()(int r, std::ptrdiff_t x) const {
    return load(row[r] + x * kBlock);
  }
  [[gnu::always_inline]] void prefetch(std::ptrdiff_t x) const {
    if constexpr (!kTuning.prefetch_input) return;
    for (int r = 0; r < kInputTile; ++r) {
      for (int c = 2; c < kInputTile; ++c) {
        __builtin_prefetch(row[r] + (x + 2 * kTile + c) * kBlock);
      }
    }
  }
};

/// Input rows of two strips with few channels; each contributes half of a vector.
struct StripPairRows {
  const float* const* first;
  const float* const* second;
  [[gnu::always_inline]] Vec operator()(int r, std::ptrdiff_t x) const {
    return load_halves(first[r] + x * (kBlock / 2), second[r] + x * (kBlock / 2));
  }
  [[gnu::always_inline]] void prefetch(std::ptrdiff_t) const {}  // rows are short
};

template <typename Rows>
[[gnu::always_inline]] inline void transform_strip(const Rows& rows, int tiles, float* out) {
  for (int tile = 0; tile < tiles; ++tile, out += kTransformedTile) {
    const std::ptrdiff_t x = static_cast<std::ptrdiff_t>(tile) * kTile;
    rows.prefetch(x);
    transform_half<true>(rows, x, out);
    transform_half<false>(rows, x, out + kTransformedTile / 2);
  }
}

void winograd_input(const float* const* rows, int tiles, float* out) {
  StripRows strip;
  for (int r = 0; r < kInputTile; ++r) strip.row[r] = rows[r];
  transform_strip(strip, tiles, out);
}

void winograd_input_pair(const float* const* first, const float* const* second, int tiles,
                         float* out) {
  transform_strip(StripPairRows{first, second}, tiles, out);
}

/// Products at one position, for some tiles and one block of output channels.
template <int kCount>
[[gnu::noinline]] void multiply_tiles(const Segment* segments, int count, std::ptrdiff_t offset,
                                      const float* weights, const float* bias, float* out) {
  Vec sums[kCount];
  const Vec start = bias == nullptr ? zero() : load(bias);
#pragma GCC unroll 16
  for (Vec& sum : sums) sum = start;
  for (int s = 0; s < count; ++s) {
    accumulate<kCount, kTransformedTile>(sums, segments[s].values + offset, segments[s].channels,
                                         weights);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i) store(out + i * kBlock, sums[i]);
}

void winograd_product(const Segment* segments, int count, int tiles, const Product& product,
                      int block, float* sums, std::size_t sums_stride) {
  std::size_t step = 0;  // floats of the weights from one position to the next
  for (int s = 0; s < count; ++s) step += static_cast<std::size_t>(segments[s].channels) * kBlock;
  const float* weights = product.weights + block * product.block_stride;
  for (int position = 0; position < kPositions; ++position, weights += step, sums += sums_stride) {
    const float* bias =
        position == kBiasPosition ? product.epilogue.bias + block * kBlock : nullptr;
    const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(position) * kBlock;
    int i = 0;
    for (; i + kTuning.pixels <= tiles; i += kTuning.pixels) {
      multiply_tiles<kTuning.pixels>(segments, count, offset + i * kTransformedTile, weights, bias,
                                     sums + i * kBlock);
    }
    for (; i < tiles; i += kTuning.few_pixels) {
      multiply_tiles<kTuning.few_pixels>(segments, count, offset + i * kTransformedTile, weights,
                                         bias, sums + i * kBlock);
    }
  }
}

/// A^T m, for a column m of six values.
[[gnu::always_inline]] inline void transform_output(const Vec (&m)[kInputTile], Vec (&out)[kTile]) {
  const Vec sum_1 = m[1] + m[2];
  const Vec difference_1 = m[1] - m[2];
  const Vec sum_2 = m[3] + m[4];
  const Vec difference_2 = m[3] - m[4];
  out[0] = (m[0] + sum_1) + sum_2;
  out[1] = fma(broadcast(2.0F), difference_2, difference_1);
  out[2] = fma(broadcast(4.0F), sum_2, sum_1);
  out[3] = fma(broadcast(8.0F), difference_2, difference_1 + m[5]);
}

/// Computes the sixteen outputs of a tile, including the epilogue: first columns 0 and 2, then 1
/// and 3, since not all four fit into the registers.
template <typename Consume>
[[gnu::always_inline]] inline void output_tile(const float* sums, std::size_t sums_stride,
                                               Activation activation, Vec scale, Vec shift,
                                               Consume&& consume) {
  const auto at = [&](int r, int c) {
    return load(sums + static_cast<std::size_t>(r * kInputTile + c) * sums_stride);
  };
  const auto finish = [&](const Vec(&column)[kInputTile], int c) {
    Vec values[kTile];
    transform_output(column, values);
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      consume(r, c, fma(activated(values[r], activation), scale, shift));
    }
  };
  {
    Vec first[kInputTile];
    Vec third[kInputTile];
#pragma GCC unroll 6
    for (int r = 0; r < kInputTile; ++r) {
      const Vec sum_1 = at(r, 1) + at(r, 2);
      const Vec sum_2 = at(r, 3) + at(r, 4);
      first[r] = (at(r, 0) + sum_1) + sum_2;
      third[r] = fma(broadcast(4.0F), sum_2, sum_1);
    }
    finish(first, 0);
    finish(third, 2);
  }
  Vec second[kInputTile];
  Vec fourth[kInputTile];
#pragma GCC unroll 6
  for (int r = 0; r < kInputTile; ++r) {
    const Vec difference_1 = at(r, 1) - at(r, 2);
    const Vec difference_2 = at(r, 3) - at(r, 4);
    second[r] = fma(broadcast(2.0F), difference_2, difference_1);
    fourth[r] = fma(broadcast(8.0F), difference_2, difference_1 + at(r, 5));
  }
  finish(second, 1);
  finish(fourth, 3);
}

void winograd_output(const float* sums, std::size_t sums_stride, int tiles,
                     const Epilogue& epilogue, int block, float* const* rows) {
  const Vec scale = load(epilogue.scale + static_cast<std::ptrdiff_t>(block) * kBlock);
  const Vec shift = load(epilogue.shift + static_cast<std::ptrdiff_t>(block) * kBlock);
  for (int tile = 0; tile < tiles; ++tile, sums += kBlock) {
    const std::ptrdiff_t x = static_cast<std::ptrdiff_t>(tile) * kTile;
    if constexpr (kTuning.prefetch_output) {
      for (int r = 0; r < kTile; ++r) {
        for (int c = 0; c < kTile; ++c) {
          __builtin_prefetch(rows[r] + (x + 2 * kTile + c) * kBlock, 1);
        }
      }
    }
    output_tile(sums, sums_stride, epilogue.activation, scale, shift,
                [&](int r, int c, Vec value) { store(rows[r] + (x + c) * kBlock, value); });
  }
}

void winograd_output_pooled(const float* sums, std::size_t sums_stride, int tiles,
                            const Epilogue& epilogue, float* const* rows) {
  const Vec scale = load(epilogue.scale);
  const Vec shift = load(epilogue.shift);
  for (int tile = 0; tile < tiles; ++tile, sums += kBlock) {
    Vec out[kTile][kTile];
    output_tile(sums, sums_stride, epilogue.activation, scale, shift,
                [&](int r, int c, Vec value) { out[r][c] = value; });
    for (int r = 0; r < kTile; r += 2) {
      for (int c = 0; c < kTile; c += 2) {
        const Vec largest = max_or_nan(max_or_nan(out[r][c], out[r][c + 1]),
                                       max_or_nan(out[r + 1][c], out[r + 1][c + 1]));
        store_larger_half(rows[r / 2] + static_cast<std::ptrdiff_t>(tile * kTile + c) / 2 * kBlock,
                          largest);
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::native
