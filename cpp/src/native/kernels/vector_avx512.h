/// Vector of sixteen floats: one AVX-512 register.
#pragma once

#include <immintrin.h>

namespace lungrt::native {
namespace {

struct Vec {
  __m512 value;
};

inline Vec load(const float* from) { return {_mm512_loadu_ps(from)}; }
inline Vec broadcast(float from) { return {_mm512_set1_ps(from)}; }
inline Vec zero() { return {_mm512_setzero_ps()}; }
inline void store(float* to, Vec v) { _mm512_storeu_ps(to, v.value); }
/// Vector of two halves of eight floats from different addresses.
inline Vec load_halves(const float* low, const float* high) {
  return {_mm512_castpd_ps(
      _mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(_mm256_loadu_ps(low))),
                         _mm256_castps_pd(_mm256_loadu_ps(high)), 1))};
}
inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.value, b.value)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.value, b.value)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.value, b.value)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.value, b.value)}; }
/// a * b + c, rounded once.
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.value, b.value, c.value)}; }
/// c - a * b, rounded once.
inline Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.value, b.value, c.value)}; }
/// Maximum; `b` where either operand is NaN.
inline Vec max_or_second(Vec a, Vec b) { return {_mm512_max_ps(a.value, b.value)}; }
inline Vec min_or_second(Vec a, Vec b) { return {_mm512_min_ps(a.value, b.value)}; }
/// Maximum; NaN where either operand is NaN.
inline Vec max_or_nan(Vec a, Vec b) {
  const __mmask16 a_is_nan = _mm512_cmp_ps_mask(a.value, a.value, _CMP_UNORD_Q);
  return {_mm512_mask_mov_ps(_mm512_max_ps(a.value, b.value), a_is_nan, a.value)};
}
inline Vec round_to_integer(Vec a) {
  return {_mm512_roundscale_ps(a.value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// a * 2^n, for integers n in the range of exponents of normal numbers.
inline Vec scale_by_power(Vec a, Vec n) { return {_mm512_scalef_ps(a.value, n.value)}; }
inline float sum(Vec a) { return _mm512_reduce_add_ps(a.value); }
/// Keeps a value in a register; otherwise GCC repeats the load at every use.
inline void pin(Vec& a) { asm("" : "+v"(a.value)); }
/// Stores the maximum of the lower and upper eight floats; NaN where either is NaN.
inline void store_larger_half(float* to, Vec a) {
  const __m256 low = _mm512_castps512_ps256(a.value);
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.value), 1));
  const __m256 low_is_nan = _mm256_cmp_ps(low, low, _CMP_UNORD_Q);
  _mm256_storeu_ps(to, _mm256_blendv_ps(_mm256_max_ps(low, high), low, low_is_nan));
}

}  // namespace
}  // namespace lungrt::native
