/// Vector of sixteen floats for any processor: four of GCC's and Clang's generic vectors.
#pragma once

namespace lungrt::native {
namespace {

using Quad = float __attribute__((vector_size(16)));
using QuadMask = int __attribute__((vector_size(16)));
using UnalignedQuad = float __attribute__((vector_size(16), aligned(4), may_alias));

struct Vec {
  Quad part[4];
};

template <typename Operation>
inline Vec each(Operation&& operation) {
  Vec result;
  for (int i = 0; i < 4; ++i) result.part[i] = operation(i);
  return result;
}

inline Vec load(const float* from) {
  return each([from](int i) { return *reinterpret_cast<const UnalignedQuad*>(from + 4 * i); });
}
inline Vec broadcast(float from) {
  return each([from](int) { return Quad{from, from, from, from}; });
}
inline Vec zero() { return broadcast(0.0F); }
inline void store(float* to, Vec v) {
  for (int i = 0; i < 4; ++i) *reinterpret_cast<UnalignedQuad*>(to + 4 * i) = v.part[i];
}
inline Vec load_halves(const float* low, const float* high) {
  return each([=](int i) {
    return *reinterpret_cast<const UnalignedQuad*>(i < 2 ? low + 4 * i : high + 4 * (i - 2));
  });
}
inline Vec operator+(Vec a, Vec b) {
  return each([&](int i) { return a.part[i] + b.part[i]; });
}
inline Vec operator-(Vec a, Vec b) {
  return each([&](int i) { return a.part[i] - b.part[i]; });
}
inline Vec operator*(Vec a, Vec b) {
  return each([&](int i) { return a.part[i] * b.part[i]; });
}
inline Vec operator/(Vec a, Vec b) {
  return each([&](int i) { return a.part[i] / b.part[i]; });
}
/// a * b + c, rounded twice: a fused operation would be a library call.
inline Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
inline Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }
inline Quad choose(QuadMask mask, Quad yes, Quad no) {
  return reinterpret_cast<Quad>((mask & reinterpret_cast<QuadMask>(yes)) |
                                (~mask & reinterpret_cast<QuadMask>(no)));
}
inline Vec max_or_second(Vec a, Vec b) {
  return each([&](int i) { return choose(a.part[i] > b.part[i], a.part[i], b.part[i]); });
}
inline Vec min_or_second(Vec a, Vec b) {
  return each([&](int i) { return choose(a.part[i] < b.part[i], a.part[i], b.part[i]); });
}
inline Quad max_or_nan(Quad a, Quad b) { return choose((a > b) | (a != a), a, b); }
inline Vec max_or_nan(Vec a, Vec b) {
  return each([&](int i) { return max_or_nan(a.part[i], b.part[i]); });
}
/// Rounds to the nearest integer; for |a| < 2^22.
inline Vec round_to_integer(Vec a) {
  const Vec magic = broadcast(12582912.0F);  // 1.5 * 2^23: the sum has no fraction bits
  Vec shifted = a + magic;
  for (Quad& part : shifted.part)
    asm("" : "+x"(part));  // prevents the compiler from simplifying it away
  return shifted - magic;
}
inline Vec scale_by_power(Vec a, Vec n) {
  return each([&](int i) {
    const QuadMask exponent = __builtin_convertvector(n.part[i], QuadMask) + 127;
    return a.part[i] * reinterpret_cast<Quad>(exponent << 23);
  });
}
inline float sum(Vec a) {
  const Quad four = (a.part[0] + a.part[2]) + (a.part[1] + a.part[3]);
  return (four[0] + four[2]) + (four[1] + four[3]);
}
inline void pin(Vec&) {}
inline void store_larger_half(float* to, Vec a) {
  for (int i = 0; i < 2; ++i) {
    *reinterpret_cast<UnalignedQuad*>(to + 4 * i) = max_or_nan(a.part[i], a.part[i + 2]);
  }
}

}  // namespace
}  // namespace lungrt::native
