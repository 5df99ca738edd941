/// Sums of products: the inner loop, which takes most of the time.
#pragma once

// A vector header and the constant kTuning must come before this header.
#include "native/kernels.h"

namespace lungrt::native {
namespace {

/// Adds products of inputs and weights to sums in registers.
/// \param input    channels of pixel i at input + i * kStride
/// \param weights  [channel][16]; advanced past the weights that were read
template <int kCount, int kStride>
[[gnu::always_inline]] inline void accumulate(Vec (&sums)[kCount], const float* input, int channels,
                                              const float*& weights) {
  for (int c = 0; c < channels; ++c, ++input, weights += kBlock) {
    // Keeps the address in one register; otherwise GCC uses one per pixel and runs out of them.
    asm("" : "+r"(input));
    Vec weight = load(weights);
    pin(weight);
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) {
      sums[i] = fma(weight, broadcast(input[i * kStride]), sums[i]);
    }
  }
}

inline Vec activated(Vec sum, Activation activation) {
  // The sum is the second operand of max_or_second, which therefore keeps NaN.
  switch (activation) {
    case Activation::kRelu:
      return max_or_second(zero(), sum);
    case Activation::kLeakyRelu:
      return max_or_second(sum * broadcast(kLeakySlope), sum);
    case Activation::kNone:
      break;
  }
  return sum;
}

/// Parameters that all pixels of a row have in common.
struct DirectRow {
  const Segment* segments;
  int count;
  const float* weights;
  Vec bias, scale, shift;
  Activation activation;
  float* out;
  std::ptrdiff_t out_stride;
};

template <int kCount, int kStride>
[[gnu::noinline]] void direct_pixels(const DirectRow& row, std::ptrdiff_t x) {
  Vec sums[kCount];
#pragma GCC unroll 16
  for (Vec& sum : sums) sum = row.bias;
  const float* weights = row.weights;
  for (int s = 0; s < row.count; ++s) {
    accumulate<kCount, kStride>(sums, row.segments[s].values + x * kStride,
                                row.segments[s].channels, weights);
  }
  float* out = row.out + x * row.out_stride;
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i, out += row.out_stride) {
    store(out, fma(activated(sums[i], row.activation), row.scale, row.shift));
  }
}

template <int kStride>
void direct_row_with(const Segment* segments, int count, const Product& product, float* const* rows,
                     int out_stride, int width) {
  for (int b = 0; b < product.blocks; ++b) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(b) * kBlock;
    const DirectRow row{segments,
                        count,
                        product.weights + b * product.block_stride,
                        load(product.epilogue.bias + first),
                        load(product.epilogue.scale + first),
                        load(product.epilogue.shift + first),
                        product.epilogue.activation,
                        rows[b],
                        out_stride};
    int x = 0;
    for (; x + kTuning.row_pixels <= width; x += kTuning.row_pixels)
      direct_pixels<kTuning.row_pixels, kStride>(row, x);
    for (; x < width; x += kTuning.few_pixels) {
      // In a row that is long enough, the last step overlaps the previous one instead of writing
      // past the end.
      const bool past = x + kTuning.few_pixels > width && width >= kTuning.few_pixels;
      direct_pixels<kTuning.few_pixels, kStride>(row, past ? width - kTuning.few_pixels : x);
    }
  }
}

void direct_row(const Segment* segments, int count, const Product& product, int pixel_stride,
                float* const* rows, int out_stride, int width) {
  switch (pixel_stride) {
    case 1:
      return direct_row_with<1>(segments, count, product, rows, out_stride, width);
    case kBlock / 2:
      return direct_row_with<kBlock / 2>(segments, count, product, rows, out_stride, width);
    default:
      return direct_row_with<kBlock>(segments, count, product, rows, out_stride, width);
  }
}

}  // namespace
}  // namespace lungrt::native
