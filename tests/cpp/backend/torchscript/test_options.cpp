#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/engine_library.h"
#include "backend/torchscript/options.h"

namespace lungrt::torchscript {
namespace {

Options read(const std::vector<LungrtOption>& given, bool cuda) {
  LungrtSessionRequest request{};
  request.cuda = cuda ? 1 : 0;
  request.options = given.data();
  request.option_count = static_cast<std::int32_t>(given.size());
  return read_options(request);
}

void expect_refused(const std::vector<LungrtOption>& given, bool cuda, const std::string& words) {
  try {
    read(given, cuda);
    ADD_FAILURE() << "not refused: " << words;
  } catch (const engine_library::Failure& failure) {
    EXPECT_EQ(failure.status(), kLungrtInvalidOption);
    EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
  }
}

TEST(TorchScriptOptions, HaveDefaults) {
  for (const bool cuda : {false, true}) {
    EXPECT_TRUE(read({}, cuda).rewritten);
    EXPECT_EQ(read({}, cuda).memory_format, MemoryFormat::kAuto);
  }
}

TEST(TorchScriptOptions, AreRead) {
  EXPECT_FALSE(read({{"graph", "traced"}}, false).rewritten);
  EXPECT_TRUE(read({{"graph", "rewritten"}, {"memory_format", "auto"}}, false).rewritten);
  EXPECT_EQ(read({{"memory_format", "contiguous"}}, true).memory_format, MemoryFormat::kContiguous);
  EXPECT_EQ(read({{"memory_format", "channels_last"}}, true).memory_format,
            MemoryFormat::kChannelsLast);
}

TEST(TorchScriptOptions, ThatThereAreNotAreRefused) {
  expect_refused({{"graph", "quick"}}, true, "option graph=quick: expected one of rewritten");
  expect_refused({{"memory_format", "nhwc"}}, true, "expected one of auto, contiguous, channels");
  expect_refused({{"arena", "on"}}, true, "unknown option 'arena'; the options of this engine are");
}

TEST(TorchScriptOptions, OfAGpuAreRefusedOnACpu) {
  expect_refused({{"memory_format", "channels_last"}}, false,
                 "is for CUDA devices, but device cpu was requested");
}

}  // namespace
}  // namespace lungrt::torchscript
