#include <gtest/gtest.h>

#include "backend/native/engine.h"
#include "backend/native/sessions.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using native::Algorithm;
using native::InstructionSet;
using testing::expect_error;

TEST(NativeSettings, AreTheFastestUnlessAskedOtherwise) {
  const NativeSettings settings = parse_native_settings({});
  EXPECT_EQ(settings.algorithm, Algorithm::kWinograd);
  EXPECT_EQ(settings.kernels.instruction_set, native::best_instruction_set());
}

TEST(NativeSettings, AreWhatIsAskedFor) {
  EXPECT_EQ(parse_native_settings({{"kernels", "direct"}}).algorithm, Algorithm::kDirect);
  EXPECT_EQ(parse_native_settings({{"kernels", "winograd"}}).algorithm, Algorithm::kWinograd);
  EXPECT_EQ(parse_native_settings({{"instruction_set", "auto"}}).kernels.instruction_set,
            native::best_instruction_set());
  for (const InstructionSet set : {InstructionSet::kPortable, InstructionSet::kAvx2,
                                   InstructionSet::kAvx512, InstructionSet::kAvx512Intel}) {
    if (!native::is_supported(set)) continue;
    const NativeSettings settings =
        parse_native_settings({{"instruction_set", native::to_string(set)}, {"kernels", "direct"}});
    EXPECT_EQ(settings.kernels.instruction_set, set);
    EXPECT_EQ(settings.algorithm, Algorithm::kDirect);
  }
}

TEST(NativeSettings, RefuseOptionsAndValuesThatDoNotExist) {
  expect_error(ErrorCode::kInvalidArgument,
               {"engine native", "unknown option 'threads'", "kernels", "instruction_set"},
               [] { parse_native_settings({{"threads", "4"}}); });
  for (const char* value : {"fft", "", "Winograd"}) {
    expect_error(ErrorCode::kInvalidArgument,
                 {"engine native: kernels is '", value, "expected winograd or direct"},
                 [value] { parse_native_settings({{"kernels", value}}); });
  }
  expect_error(ErrorCode::kInvalidArgument, {"instruction set 'mmx'", "portable"},
               [] { parse_native_settings({{"instruction_set", "mmx"}}); });
}

TEST(NativeEngine, IsAlwaysThereAndForTheProcessorAlone) {
  const Engine& engine = native_engine();
  EXPECT_EQ(engine.name(), "native");
  EXPECT_EQ(engine.artifact_format(), "safetensors");
  EXPECT_NE(engine.version().find("lungrt "), std::string::npos);
  EXPECT_EQ(engine.device_count(DeviceKind::kCpu), 1);
  EXPECT_EQ(engine.device_count(DeviceKind::kCuda), 0);
  EXPECT_EQ(engine.device_name({}), native::to_string(native::best_instruction_set()));
}

}  // namespace
}  // namespace lungrt
