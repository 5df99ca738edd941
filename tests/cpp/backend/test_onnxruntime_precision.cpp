// Precision that is requested of ONNX Runtime's providers. Does not need the runtime itself.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "backend/engine_library.h"
#include "backend/onnxruntime/options.h"

namespace lungrt::onnxruntime {
namespace {

class OnnxRuntimePrecision : public ::testing::Test {
 protected:
  OnnxRuntimePrecision() { unsetenv("NVIDIA_TF32_OVERRIDE"); }
  ~OnnxRuntimePrecision() override { unsetenv("NVIDIA_TF32_OVERRIDE"); }

  /// Options for a request on CUDA; with an empty provider, none is named.
  static Options parsed(LungrtPrecision precision, const char* provider = "") {
    const LungrtOption option{"provider", provider};
    LungrtSessionRequest request{};
    request.cuda = 1;
    request.precision = precision;
    request.options = &option;
    request.option_count = *provider == '\0' ? 0 : 1;
    return parse_options(request);
  }

  static std::string refusal(LungrtPrecision precision, const char* provider) {
    try {
      parsed(precision, provider);
    } catch (const engine_library::Failure& failure) {
      EXPECT_EQ(failure.status(), kLungrtInvalidOption);
      return failure.what();
    }
    return "";
  }
};

TEST_F(OnnxRuntimePrecision, ChoosesTheProviderThatDoesIt) {
  EXPECT_EQ(parsed(kLungrtFp32).provider, "cuda");
  EXPECT_EQ(parsed(kLungrtTf32).provider, "cuda");
  EXPECT_EQ(parsed(kLungrtTf32).precision, kLungrtTf32);
  EXPECT_EQ(parsed(kLungrtFp16).provider, "tensorrt");
  EXPECT_EQ(parsed(kLungrtTf32, "tensorrt").provider, "tensorrt");
}

TEST_F(OnnxRuntimePrecision, RefusesAProviderThatDoesNot) {
  EXPECT_NE(refusal(kLungrtFp16, "cuda").find("only provider=tensorrt computes in fp16"),
            std::string::npos);
}

TEST_F(OnnxRuntimePrecision, TensorRtsFloat32IsTf32UnlessTheEnvironmentForbidsIt) {
  EXPECT_NE(refusal(kLungrtFp32, "tensorrt").find("NVIDIA_TF32_OVERRIDE=0"), std::string::npos);
  setenv("NVIDIA_TF32_OVERRIDE", "1", 1);
  EXPECT_NE(refusal(kLungrtFp32, "tensorrt"), "");
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1);
  EXPECT_EQ(parsed(kLungrtFp32, "tensorrt").provider, "tensorrt");
}

}  // namespace
}  // namespace lungrt::onnxruntime
