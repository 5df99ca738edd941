/// An engine that computes no network: whatever is bright is a nodule. It has everything that an
/// engine needs, and nothing else.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "backend/engine_library.h"

namespace {

using lungrt::engine_library::Failure;

std::int64_t elements(const LungrtTensor& tensor, std::int32_t first_axis) {
  std::int64_t product = 1;
  for (std::int32_t axis = first_axis; axis < tensor.rank; ++axis) product *= tensor.shape[axis];
  return product;
}

float probability(double hu) { return static_cast<float>(1 / (1 + std::exp(-(hu + 400) / 50))); }

/// Immutable, shared by all threads; what a run needs for itself belongs in a workspace.
class BrightnessSession final : public LungrtSession {
 public:
  LungrtSessionTraits traits() const override {
    return {.channels_last = 0, .batch = 4, .run_streams = 1};
  }

  void run(LungrtWorkspace&, const LungrtTensor& input, const LungrtTensor& output) const override {
    for (std::int64_t item = 0; item < input.shape[0]; ++item) {
      const float* in = input.data + item * elements(input, 1);
      float* out = output.data + item * elements(output, 1);
      if (input.rank == 4) {
        // [N, 2 * context + 1, H, W] to [N, 1, H, W]: the slice in the middle decides.
        const std::int64_t pixels = elements(input, 2);
        const float* middle = in + input.shape[1] / 2 * pixels;
        for (std::int64_t i = 0; i < pixels; ++i) out[i] = probability(middle[i]);
      } else {
        // [N, 1, D, H, W] to [N, 2]: the voxel in the middle decides.
        const std::int64_t *size = input.shape + 2, row = size[1] / 2, column = size[2] / 2;
        out[1] = probability(in[(size[0] / 2 * size[1] + row) * size[2] + column]);
        out[0] = 1 - out[1];
      }
    }
  }
};

struct BrightnessEngine {
  static constexpr const char* kArtifactFormat = "onnx";  ///< format of the artifact that it gets

  static LungrtStatus open_runtime(const char*, LungrtText* text) {
    return lungrt::engine_library::tell(kLungrtOk, "brightness 1.0", text);
  }
  static std::int32_t device_count(std::int32_t cuda) { return cuda != 0 ? 0 : 1; }
  static LungrtStatus device_name(std::int32_t, std::int32_t, LungrtText* text) {
    return lungrt::engine_library::tell(kLungrtOk, "any processor", text);
  }
  static std::uint32_t precisions(std::int32_t, std::int32_t) { return kLungrtFp32; }

  static std::unique_ptr<LungrtSession> open(const LungrtSessionRequest& request) {
    lungrt::engine_library::refuse_options(request);
    // A real engine loads the network here; if that fails, it throws a Failure with a message.
    if (!std::ifstream(request.artifact)) {
      throw Failure(kLungrtBadArtifact, std::string(request.artifact) + " cannot be opened");
    }
    return std::make_unique<BrightnessSession>();
  }
};

constexpr LungrtEngineTable kTable = lungrt::engine_library::table_of<BrightnessEngine>();

}  // namespace

/// Status and message of the exception that is being handled: those of a Failure, out of memory, or
/// `otherwise` for any other exception.
Failure lungrt::engine_library::meaning_of_current_exception(LungrtStatus otherwise) try {
  throw;
} catch (const Failure& failure) {
  return failure;
} catch (const std::bad_alloc&) {
  return {kLungrtOutOfMemory, "out of memory"};
} catch (const std::exception& error) {
  return {otherwise, error.what()};
} catch (...) {
  return {otherwise, "an exception of unknown type"};
}

extern "C" __attribute__((visibility("default"))) const LungrtEngineTable* lungrt_engine_table() {
  return &kTable;
}
