/// Packing of 64 comparisons into the bits of a word, the first into the lowest bit.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace lungrt {

/// Bit k of the result is set if bytes[k] is not zero. For any count up to 64.
inline std::uint64_t pack_nonzero_portable(const std::uint8_t* bytes, std::int64_t count) {
  std::uint64_t word = 0;
  for (std::int64_t k = 0; k < count; ++k) word |= std::uint64_t{bytes[k] != 0} << k;
  return word;
}

/// Bit k of the result is set if values[k] > threshold. For any count up to 64.
/// \param nan  set to true if a value is NaN, otherwise unchanged
inline std::uint64_t pack_greater_portable(const float* values, std::int64_t count, float threshold,
                                           bool& nan) {
  std::uint64_t word = 0;
  bool unordered = false;
  for (std::int64_t k = 0; k < count; ++k) {
    word |= std::uint64_t{values[k] > threshold} << k;
    unordered |= values[k] != values[k];
  }
  nan |= unordered;
  return word;
}

#if defined(__SSE2__)

/// The same result as pack_nonzero_portable for 64 bytes.
inline std::uint64_t pack_nonzero64(const std::uint8_t* bytes) {
  std::uint64_t zeros = 0;
  for (int quarter = 0; quarter < 4; ++quarter) {
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * quarter));
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(sixteen, _mm_setzero_si128()));
    zeros |= std::uint64_t{static_cast<std::uint32_t>(mask)} << (16 * quarter);
  }
  return ~zeros;
}

/// The same result as pack_greater_portable for 64 values.
inline std::uint64_t pack_greater64(const float* values, float threshold, bool& nan) {
  const __m128 limit = _mm_set1_ps(threshold);
  __m128 unordered = _mm_setzero_ps();
  std::uint64_t word = 0;
  for (int quarter = 0; quarter < 4; ++quarter) {
    const float* source = values + 16 * quarter;
    const __m128 a = _mm_loadu_ps(source), b = _mm_loadu_ps(source + 4);
    const __m128 c = _mm_loadu_ps(source + 8), d = _mm_loadu_ps(source + 12);
    // True where either is NaN.
    unordered = _mm_or_ps(unordered, _mm_or_ps(_mm_cmpunord_ps(a, b), _mm_cmpunord_ps(c, d)));
    const auto greater = [limit](__m128 v) { return _mm_castps_si128(_mm_cmpgt_ps(v, limit)); };
    const __m128i sixteen = _mm_packs_epi16(_mm_packs_epi32(greater(a), greater(b)),
                                            _mm_packs_epi32(greater(c), greater(d)));
    word |= std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(sixteen))} << (16 * quarter);
  }
  nan |= _mm_movemask_ps(unordered) != 0;
  return word;
}

#else

inline std::uint64_t pack_nonzero64(const std::uint8_t* bytes) {
  return pack_nonzero_portable(bytes, 64);
}
inline std::uint64_t pack_greater64(const float* values, float threshold, bool& nan) {
  return pack_greater_portable(values, 64, threshold, nan);
}

#endif

}  // namespace lungrt
