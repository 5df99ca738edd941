/// Fixtures for tests of kernels, which run for each instruction set, in guarded memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "native/instruction_set.h"
#include "native/intel_tuning.h"
#include "native/kernels.h"

namespace lungrt::native::testing {

/// Half a unit in the last place of 1: the largest relative rounding error of a float32 operation.
inline constexpr double kRounding = 0x1p-24;

/// A table of kernels; the tables of the engine, and the two of intel_tuning.h.
struct Table {
  InstructionSet needs;
  bool intel_tuning;

  std::string name() const { return to_string(needs) + std::string(intel_tuning ? "_tuned" : ""); }
  const Kernels& kernels() const {
    if (!intel_tuning) return kernels_for(needs);
#if defined(__x86_64__)
    if (needs == InstructionSet::kAvx2) return avx2_intel_kernels();
#endif
    return portable_intel_kernels();
  }
};

class KernelTest : public ::testing::TestWithParam<Table> {
 protected:
  void SetUp() override {
    if (!is_supported(GetParam().needs)) {
      GTEST_SKIP() << "this processor does not support " << to_string(GetParam().needs);
    }
  }
  static const Kernels& kernels() { return GetParam().kernels(); }
};

inline auto every_table() {
  using enum InstructionSet;
  return ::testing::Values(Table{kPortable, false}, Table{kAvx2, false}, Table{kAvx512, false},
                           Table{kAvx512Intel, false}, Table{kPortable, true}, Table{kAvx2, true});
}
inline std::string name_of(const ::testing::TestParamInfo<Table>& table) {
  return table.param.name();
}

/// Random numbers that are the same in every run and on every machine.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  float uniform(float low, float high) {
    const double unit = static_cast<double>(engine_()) / 4294967296.0;
    return static_cast<float>(low + (high - low) * unit);
  }
  int whole(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<unsigned>(high - low + 1));
  }
  std::vector<float> values(std::size_t count, float low = -1.0F, float high = 1.0F) {
    std::vector<float> result(count);
    for (float& value : result) value = uniform(low, high);
    return result;
  }

 private:
  std::mt19937 engine_;
};

inline std::size_t size_of(int count) { return static_cast<std::size_t>(count); }

/// Output memory of a kernel between two guards, all filled with one value. It ends at the end of
/// the allocation, so that AddressSanitizer finds accesses beyond the guards.
class Watched {
 public:
  static constexpr float kUntouched = -7.5e33F;

  explicit Watched(int count) : values_(size_of(kGuard + count + kGuard), kUntouched) {}

  float* data() { return values_.data() + kGuard; }
  float operator[](std::ptrdiff_t at) const {
    return values_[static_cast<std::size_t>(kGuard + at)];
  }
  bool touched(std::ptrdiff_t at) const { return (*this)[at] != kUntouched; }

  /// Checks that only positions with `may(position)` were written.
  template <typename May>
  void expect_untouched_but(May&& may) const {
    for (std::ptrdiff_t at = -kGuard; at + kGuard < static_cast<std::ptrdiff_t>(values_.size());
         ++at) {
      if (touched(at) && !may(at)) {
        ADD_FAILURE() << "float " << at << " was written: " << (*this)[at];
        return;
      }
    }
  }

 private:
  static constexpr int kGuard = 32 * kBlock;
  std::vector<float> values_;
};

/// Value in double precision, and the largest allowed error of float32.
struct Expected {
  double value = 0;
  double bound = 0;
};

inline void expect_near(float found, const Expected& expected, const std::string& where) {
  EXPECT_LE(std::abs(found - expected.value), expected.bound)
      << where << ": " << found << ", expected " << expected.value;
}

/// Expected output of an epilogue for a sum with an error of at most `sum.bound`.
inline Expected after_epilogue(Expected sum, const Epilogue& epilogue, int channel) {
  if (epilogue.activation != Activation::kNone && sum.value < 0) {
    const double slope = epilogue.activation == Activation::kRelu ? 0.0 : kLeakySlope;
    // The error of a sum on the wrong side of zero does not grow, since slopes are at most 1; the
    // product with the slope is rounded once.
    sum = {sum.value * slope, sum.bound + std::abs(sum.value * slope) * kRounding};
  }
  const double scale = epilogue.scale[channel];
  const double shift = epilogue.shift[channel];
  // One multiplication and one addition; a fused operation is rounded only once.
  return {sum.value * scale + shift,
          std::abs(scale) * sum.bound +
              2 * kRounding * (std::abs(sum.value * scale) + std::abs(sum.value * scale + shift))};
}

/// Owns an epilogue of random numbers, including negative scales.
struct RandomEpilogue {
  RandomEpilogue(Random& random, int blocks, Activation kind)
      : bias(random.values(size_of(blocks * kBlock))),
        scale(random.values(size_of(blocks * kBlock), -2.0F, 2.0F)),
        shift(random.values(size_of(blocks * kBlock))),
        activation(kind) {}
  Epilogue get() const { return {bias.data(), scale.data(), shift.data(), activation}; }

  std::vector<float> bias, scale, shift;
  Activation activation;
};

inline constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu,
                                              Activation::kLeakyRelu};

}  // namespace lungrt::native::testing
