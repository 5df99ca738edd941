#include <gtest/gtest.h>

#include <vector>

#include "backend/device_choice.h"
#include "backend/loadable_engine.h"
#include "backend/native/engine.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using testing::expect_error;

constexpr Device kGpu{DeviceKind::kCuda, 1};

TEST(PrecisionChoice, IsWhatTheEngineDeclaresForTheDevice) {
  const auto engine = open_engine_library("fake", ENGINE_TORCH_CUDA, "Fake 1");
  EXPECT_EQ(engine->precisions({}), std::vector{Precision::kFp32});
  EXPECT_EQ(engine->precisions(kGpu),
            (std::vector{Precision::kFp32, Precision::kTf32, Precision::kFp16}));
  EXPECT_EQ(choose_precision(*engine, {}, "fp32"), Precision::kFp32);
  EXPECT_EQ(choose_precision(*engine, kGpu, "tf32"), Precision::kTf32);
  EXPECT_EQ(choose_precision(*engine, kGpu, "fp16"), Precision::kFp16);
}

TEST(PrecisionChoice, RefusesOthersWithThoseThatThereAre) {
  const auto engine = open_engine_library("fake", ENGINE_TORCH_CUDA, "Fake 1");
  for (const char* wanted : {"bf16", "int8"}) {
    expect_error(ErrorCode::kInvalidArgument,
                 {"precision", wanted, "engine fake supports fp32, tf32, fp16 on cuda:1"},
                 [&] { choose_precision(*engine, kGpu, wanted); });
  }
  expect_error(ErrorCode::kInvalidArgument, {"precision tf32", "supports fp32 on cpu"},
               [&] { choose_precision(*engine, {}, "tf32"); });
  expect_error(ErrorCode::kInvalidArgument, {"unknown precision 'half'"},
               [&] { choose_precision(*engine, {}, "half"); });
}

TEST(PrecisionChoice, TheNativeEngineKnowsFloat32Alone) {
  EXPECT_EQ(native_engine().precisions({}), std::vector{Precision::kFp32});
  for (const char* wanted : {"tf32", "bf16", "fp16", "int8"}) {
    expect_error(ErrorCode::kInvalidArgument, {wanted, "engine native supports fp32 on cpu"},
                 [&] { choose_precision(native_engine(), {}, wanted); });
  }
}

TEST(PrecisionChoice, ReachesTheEngine) {
  const auto engine = open_engine_library("fake", ENGINE_TORCH_CUDA, "Fake 1");
  SessionRequest request;
  request.artifact = "model.fake";
  request.device = kGpu;
  request.precision = Precision::kFp16;
  EXPECT_NE(engine->open(request), nullptr);
  request.precision = Precision::kBf16;  // without checking that the engine supports it
  expect_error(ErrorCode::kInvalidArgument, {"it does not compute in that"},
               [&] { engine->open(request); });
}

}  // namespace
}  // namespace lungrt
