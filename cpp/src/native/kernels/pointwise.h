/// Kernels other than convolutions: pooling, upsampling, input and output.
#pragma once

#include "native/kernels/product.h"

namespace lungrt::native {
namespace {

void pool_average(const float* const* rows, float* out, int out_width) {
  const Vec quarter = broadcast(0.25F);
  for (int x = 0; x < out_width; ++x) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * 2 * kBlock;
    const Vec sum = (load(rows[0] + at) + load(rows[0] + at + kBlock)) +
                    (load(rows[1] + at) + load(rows[1] + at + kBlock));
    store(out + at / 2, sum * quarter);
  }
}

void pool_max(const float* const* rows, int count, float* out, int out_width) {
  for (int x = 0; x < out_width; ++x) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * 2 * kBlock;
    Vec largest = max_or_nan(load(rows[0] + at), load(rows[0] + at + kBlock));
    for (int r = 1; r < count; ++r) {
      largest = max_or_nan(largest, max_or_nan(load(rows[r] + at), load(rows[r] + at + kBlock)));
    }
    store(out + at / 2, largest);
  }
}

void keep_larger_half(float* row, int width) {
  for (int x = 0; x < width; ++x, row += kBlock) {
    const Vec both = load(row);
    store(row, zero());
    store_larger_half(row, both);
  }
}

void upsample_row(const float* near, const float* far, float* out, int width) {
  const Vec most = broadcast(0.75F);
  const Vec little = broadcast(0.25F);
  const auto vertical = [&](int x) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * kBlock;
    return fma(most, load(near + at), little * load(far + at));
  };
  Vec left = vertical(0);
  Vec here = left;
  for (int x = 0; x < width; ++x) {
    const Vec right = x + 1 < width ? vertical(x + 1) : here;
    float* to = out + static_cast<std::ptrdiff_t>(x) * 2 * kBlock;
    store(to, fma(most, here, little * left));
    store(to + kBlock, fma(most, here, little * right));
    left = here;
    here = right;
  }
}

void normalise_row(const float* in, int in_stride, int channels, int width, const InputNorm& norm,
                   float* out, int out_stride) {
  int x = 0;
  if (out_stride == kBlock / 2 && channels > 1) {
    // Two pixels at once. Lanes past the channels become a neighbour's value times zero and are
    // never read. The last pixels of a row have no neighbour, so they are left to the loop below.
    float scales[kBlock] = {};
    float shifts[kBlock] = {};
    for (int c = 0; c < channels; ++c) {
      scales[c] = scales[c + kBlock / 2] = norm.scale[c];
      shifts[c] = shifts[c + kBlock / 2] = norm.shift[c];
    }
    const Vec scale = load(scales);
    const Vec shift = load(shifts);
    for (; x + kBlock <= width; x += 2, in += 2 * in_stride, out += kBlock) {
      store(out, load_halves(in, in + in_stride) * scale + shift);
    }
  }
  if (in_stride == 1 && out_stride == 1) {
    const Vec scale = broadcast(norm.scale[0]);
    const Vec shift = broadcast(norm.shift[0]);
    for (; x + kBlock <= width; x += kBlock, in += kBlock, out += kBlock) {
      store(out, load(in) * scale + shift);
    }
  }
  for (; x < width; ++x, in += in_stride, out += out_stride) {
    for (int c = 0; c < channels; ++c) out[c] = in[c] * norm.scale[c] + norm.shift[c];
  }
}

/// e^x with an error of about one unit in the last place. x is clamped to [-87, 87], where a
/// sigmoid has long saturated. Keeps NaN.
inline Vec exponential(Vec x) {
  x = min_or_second(broadcast(87.0F), max_or_second(broadcast(-87.0F), x));
  const Vec n = round_to_integer(x * broadcast(1.44269504F));
  // ln 2 in two parts, so that the remainder is exact.
  Vec rest = fnma(n, broadcast(0.693359375F), x);
  rest = fma(n, broadcast(2.12194440e-4F), rest);
  Vec sum = broadcast(1.0F / 5040);
  for (const float coefficient : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F}) {
    sum = fma(sum, rest, broadcast(coefficient));
  }
  return scale_by_power(sum, n);
}

inline Vec sigmoid(Vec x) { return broadcast(1.0F) / (broadcast(1.0F) + exponential(zero() - x)); }

void probability_row(const float* const* rows, int blocks, const float* weights, const float* bias,
                     int outputs, float* out, int width) {
  for (int x = 0; x < width; x += kBlock) {
    const int pixels = width - x < kBlock ? width - x : kBlock;
    const auto logits = [&](int output) {
      float values[kBlock] = {};
      for (int i = 0; i < pixels; ++i) {
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x + i) * kBlock;
        const float* weight = weights + static_cast<std::ptrdiff_t>(output) * blocks * kBlock;
        Vec products = load(rows[0] + at) * load(weight);
        for (int b = 1; b < blocks; ++b) {
          products = fma(load(rows[b] + at), load(weight + b * kBlock), products);
        }
        values[i] = sum(products) + bias[output];
      }
      return load(values);
    };
    Vec probability;
    if (outputs == 1) {
      probability = sigmoid(logits(0));
    } else {
      // Logits are computed twice instead of stored, since there are few.
      Vec largest = logits(0);
      for (int o = 1; o < outputs; ++o) largest = max_or_nan(largest, logits(o));
      const Vec background = exponential(logits(0) - largest);
      Vec foreground = exponential(logits(1) - largest);
      for (int o = 2; o < outputs; ++o) foreground = foreground + exponential(logits(o) - largest);
      probability = foreground / (background + foreground);
    }
    float values[kBlock];
    store(values, probability);
    for (int i = 0; i < pixels; ++i) out[x + i] = values[i];
  }
}

void dot(const float* pixels, int count, const float* weights, std::size_t output_stride,
         int outputs, float* sums) {
  for (int o = 0; o < outputs; ++o) {
    const float* weight = weights + o * output_stride;
    Vec even = zero();
    Vec odd = zero();
    int i = 0;
    for (; i + 1 < count; i += 2) {
      even = fma(load(pixels + i * kBlock), load(weight + i * kBlock), even);
      odd = fma(load(pixels + (i + 1) * kBlock), load(weight + (i + 1) * kBlock), odd);
    }
    if (i < count) even = fma(load(pixels + i * kBlock), load(weight + i * kBlock), even);
    sums[o] += sum(even + odd);
  }
}

}  // namespace
}  // namespace lungrt::native
