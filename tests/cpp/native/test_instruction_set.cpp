#include <gtest/gtest.h>

#include "expect_error.h"
#include "native/instruction_set.h"
#include "native/kernels.h"

namespace lungrt::native {
namespace {

using lungrt::testing::expect_error;

constexpr InstructionSet kAll[] = {InstructionSet::kPortable, InstructionSet::kAvx2,
                                   InstructionSet::kAvx512};

TEST(InstructionSet, HasANameByWhichItIsChosen) {
  EXPECT_STREQ(to_string(InstructionSet::kPortable), "portable");
  EXPECT_STREQ(to_string(InstructionSet::kAvx2), "avx2");
  EXPECT_STREQ(to_string(InstructionSet::kAvx512), "avx512");
  for (const InstructionSet set : kAll) {
    if (is_supported(set)) {
      EXPECT_EQ(choose_instruction_set(to_string(set)), set);
    }
  }
}

/// Simulated processors with fewer instruction sets.
bool up_to_avx2(InstructionSet set) noexcept { return set <= InstructionSet::kAvx2; }
bool none(InstructionSet set) noexcept { return set == InstructionSet::kPortable; }

TEST(InstructionSet, RefusesWhatTheProcessorDoesNotHave) {
  expect_error(
      ErrorCode::kDeviceUnavailable,
      {"instruction set avx512", "this processor does not support it", "avx2 is the widest"},
      [] { choose_instruction_set("avx512", up_to_avx2); });
  for (const char* name : {"avx2", "avx512"}) {
    expect_error(ErrorCode::kDeviceUnavailable, {name, "portable is the widest"},
                 [name] { choose_instruction_set(name, none); });
  }
  EXPECT_EQ(choose_instruction_set("avx2", up_to_avx2), InstructionSet::kAvx2);
  EXPECT_EQ(choose_instruction_set("auto", up_to_avx2), InstructionSet::kAvx2);
  EXPECT_EQ(choose_instruction_set("auto", none), InstructionSet::kPortable);
}

TEST(InstructionSet, RefusesUnknownNamesWithTheKnownOnes) {
  for (const char* name : {"sse", "", "AVX2", "avx512 ", "best"}) {
    expect_error(ErrorCode::kInvalidArgument,
                 {"unknown instruction set '", name, "auto, avx512, avx2 or portable"},
                 [name] { choose_instruction_set(name); });
  }
}

TEST(InstructionSet, AutoIsTheWidestThatIsSupported) {
  EXPECT_EQ(choose_instruction_set("auto"), best_instruction_set());
  EXPECT_TRUE(is_supported(best_instruction_set()));
  EXPECT_TRUE(is_supported(InstructionSet::kPortable));
  // Enumerators are sorted by width, and a wider set includes the narrower ones.
  for (const InstructionSet set : kAll) {
    EXPECT_EQ(is_supported(set), set <= best_instruction_set());
  }
}

TEST(Kernels, AreOfTheSetAskedFor) {
  for (const InstructionSet set : kAll) {
    if (!is_supported(set)) continue;
    EXPECT_EQ(kernels_for(set).instruction_set, set);
    EXPECT_EQ(&kernels_for(set), &kernels_for(set));
    // Buffers have the size of a chunk and its slack.
    EXPECT_GE(kernels_for(set).chunk_tiles, 1);
  }
}

}  // namespace
}  // namespace lungrt::native
