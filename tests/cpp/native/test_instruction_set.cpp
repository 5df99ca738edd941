#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "expect_error.h"
#include "native/instruction_set.h"
#include "native/kernels.h"

namespace lungrt::native {
namespace {

using lungrt::testing::expect_error;

constexpr InstructionSet kAll[] = {InstructionSet::kPortable, InstructionSet::kAvx2,
                                   InstructionSet::kAvx512, InstructionSet::kAvx512Intel};

const Processor kXeon{"GenuineIntel", true, true};
const Processor kZen4{"AuthenticAMD", true, true};
const Processor kUnknown{"AnotherMaker", true, true};
const Processor kUpToAvx2{"AuthenticAMD", true, false};
const Processor kIntelUpToAvx2{"GenuineIntel", true, false};
const Processor kNone{"GenuineIntel", false, false};

TEST(InstructionSet, HasANameByWhichItIsChosen) {
  EXPECT_STREQ(to_string(InstructionSet::kPortable), "portable");
  EXPECT_STREQ(to_string(InstructionSet::kAvx2), "avx2");
  EXPECT_STREQ(to_string(InstructionSet::kAvx512), "avx512");
  EXPECT_STREQ(to_string(InstructionSet::kAvx512Intel), "avx512_intel");
  for (const Processor& processor : {kXeon, kZen4}) {
    for (const InstructionSet set : kAll) {
      EXPECT_EQ(choose_instruction_set(to_string(set), processor), set);
    }
  }
}

TEST(InstructionSet, IsTunedForTheVendorOfTheProcessor) {
  EXPECT_EQ(choose_instruction_set("auto", kXeon), InstructionSet::kAvx512Intel);
  for (const Processor& processor : {kZen4, kUnknown, Processor{"", true, true}}) {
    EXPECT_EQ(choose_instruction_set("auto", processor), InstructionSet::kAvx512);
  }
  for (const Processor& processor : {kUpToAvx2, kIntelUpToAvx2}) {
    EXPECT_EQ(choose_instruction_set("auto", processor), InstructionSet::kAvx2);
  }
  EXPECT_EQ(choose_instruction_set("auto", kNone), InstructionSet::kPortable);
  // AVX-512 kernels also use AVX2, which an emulator may leave out.
  EXPECT_EQ(choose_instruction_set("auto", {"GenuineIntel", false, true}),
            InstructionSet::kPortable);
}

TEST(InstructionSet, RefusesWhatTheProcessorDoesNotHave) {
  for (const char* name : {"avx512", "avx512_intel"}) {
    expect_error(ErrorCode::kDeviceUnavailable,
                 {"instruction set ", name, " was requested", "this processor does not support it",
                  "avx2 is the best"},
                 [name] { choose_instruction_set(name, kIntelUpToAvx2); });
  }
  for (const char* name : {"avx2", "avx512", "avx512_intel"}) {
    expect_error(ErrorCode::kDeviceUnavailable, {name, "portable is the best"},
                 [name] { choose_instruction_set(name, kNone); });
  }
  EXPECT_EQ(choose_instruction_set("avx2", kUpToAvx2), InstructionSet::kAvx2);
}

TEST(InstructionSet, RefusesUnknownNamesWithTheKnownOnes) {
  for (const char* name : {"sse", "", "AVX2", "avx512 ", "best", "avx512_amd"}) {
    expect_error(
        ErrorCode::kInvalidArgument,
        {"unknown instruction set '", name, "auto, avx512, avx512_intel, avx2 or portable"},
        [name] { choose_instruction_set(name); });
  }
}

TEST(InstructionSet, AutoIsTheBestOfThisProcessor) {
  EXPECT_EQ(choose_instruction_set("auto"), best_instruction_set());
  EXPECT_TRUE(is_supported(best_instruction_set()));
  EXPECT_TRUE(is_supported(InstructionSet::kPortable));
  // Enumerators are sorted by width, and a wider set includes the narrower ones.
  for (const InstructionSet set : kAll) {
    if (set <= best_instruction_set()) {
      EXPECT_TRUE(is_supported(set));
    }
  }
}

#if defined(__x86_64__)
TEST(InstructionSet, IsChosenByWhatTheSystemSaysOfThisProcessor) {
  std::ifstream file("/proc/cpuinfo");
  if (!file) GTEST_SKIP() << "this system has no /proc/cpuinfo";
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Processor& processor = this_processor();
  EXPECT_EQ(processor.vendor.size(), 12U);
  EXPECT_NE(text.find(": " + processor.vendor + "\n"), std::string::npos) << processor.vendor;
  EXPECT_EQ(processor.avx2, text.find(" avx2 ") != std::string::npos);
  EXPECT_EQ(processor.avx512, text.find(" avx512f ") != std::string::npos);
}
#endif

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
