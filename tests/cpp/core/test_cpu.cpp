#include <gtest/gtest.h>

#include "core/cpu.h"

namespace lungrt {
namespace {

constexpr const char* kText =
    "processor\t: 0\nmodel name\t: Imaginary 9000 CPU\nflags\t\t: fpu sse avx2 fma\n\n"
    "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n";
constexpr const char* kDigest = "f354071a16b62978ddff43f0fbabea76e16dc4e71ffebd07990293f25210f7a8";

TEST(Cpu, ReadsTheFirstProcessor) {
  const Cpu cpu = parse_cpu(kText);
  EXPECT_EQ(cpu.model, "Imaginary 9000 CPU");
  EXPECT_EQ(cpu.digest, kDigest);
}

TEST(Cpu, TellsInstructionSetsAndModelsApartAndNotTheirOrder) {
  const auto digest = [](const char* text) { return parse_cpu(text).digest; };
  EXPECT_EQ(digest("model name: a\nflags: sse avx"), digest("flags: avx sse\nmodel name: a\n"));
  EXPECT_NE(digest("model name: a\nflags: sse avx"), digest("model name: a\nflags: sse avx2"));
  EXPECT_NE(digest("model name: a\nflags: sse"), digest("model name: b\nflags: sse"));
  EXPECT_NE(digest("model name: a\nflags: sse"), digest(""));
}

TEST(Cpu, ThisOneHasAName) { EXPECT_FALSE(this_cpu().model.empty()); }

}  // namespace
}  // namespace lungrt
