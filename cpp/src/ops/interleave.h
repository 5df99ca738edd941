/// Conversion of channel planes (NCHW) to channels last (NHWC).
#pragma once

#include <cstdint>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace lungrt::ops {

/// Number of channels that are interleaved at a time.
inline constexpr std::int64_t kInterleavedChannels = 4;

/// Interleaves a few channels: target[i * stride + c] = planes[c * plane_stride + i] for `count`
/// pixels.
/// \param channels  1 to kInterleavedChannels
/// \param stride    number of channels of the target, at least `channels`
inline void interleave_portable(const float* planes, std::int64_t plane_stride, std::int64_t count,
                                std::int64_t channels, std::int64_t stride, float* target) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* plane = planes + c * plane_stride;
    for (std::int64_t i = 0; i < count; ++i) target[i * stride + c] = plane[i];
  }
}

#if defined(__SSE__)

/// As interleave_portable, but always reads and writes kInterleavedChannels channels, except for
/// the last pixel: it may overwrite the channels that follow, so the last channels must be written
/// first.
inline void interleave(const float* planes, std::int64_t plane_stride, std::int64_t count,
                       std::int64_t channels, std::int64_t stride, float* target) {
  std::int64_t i = 0;
  // The surplus of a pixel overlaps the next three pixels at most, which are written after it.
  for (; i + 7 < count; i += 4) {
    const float* source = planes + i;
    __m128 a = _mm_loadu_ps(source), b = _mm_loadu_ps(source + plane_stride);
    __m128 c = _mm_loadu_ps(source + 2 * plane_stride);
    __m128 d = _mm_loadu_ps(source + 3 * plane_stride);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    float* pixel = target + i * stride;
    _mm_storeu_ps(pixel, a);
    _mm_storeu_ps(pixel + stride, b);
    _mm_storeu_ps(pixel + 2 * stride, c);
    _mm_storeu_ps(pixel + 3 * stride, d);
  }
  interleave_portable(planes + i, plane_stride, count - i, channels, stride, target + i * stride);
}

#else

inline void interleave(const float* planes, std::int64_t plane_stride, std::int64_t count,
                       std::int64_t channels, std::int64_t stride, float* target) {
  interleave_portable(planes, plane_stride, count, channels, stride, target);
}

#endif

}  // namespace lungrt::ops
