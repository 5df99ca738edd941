// The native engine allocates nothing after its first batch: a session already holds everything
// that a run needs, and run streams reuse the memory of the previous scan.

#include <gtest/gtest.h>

#include "backend/native/engine.h"
#include "expect_error.h"
#include "native/aligned_buffer.h"
#include "native/allocation_counter.h"
#include "native/weights_file.h"
#include "stages/segment.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using native::ClassifierOptions;
using native::UnetOptions;
using native::testing::classifier_file;
using native::testing::Random;
using native::testing::unet_file;
using native::testing::WeightsFile;
using testing::allocations;
using testing::expect_error;
using testing::MemoryRunsOut;

class Allocations : public ::testing::Test {
 protected:
  std::unique_ptr<Session> open(const WeightsFile& file, int rank, const char* kernels = "winograd",
                                int threads = 1) const {
    SessionRequest request;
    request.artifact = folder_.write("weights.safetensors", file.bytes());
    request.input_rank = rank;
    request.threads = threads;
    request.options = {{"kernels", kernels}};
    return native_engine().open(request);
  }
  static UnetOptions unet() {
    UnetOptions options;
    options.in_channels = 3;
    options.widths = {5, 17, 4};
    return options;
  }

  testing::TempFolder folder_;
};

TEST_F(Allocations, AreCounted) {
  const long before = allocations();
  const std::vector<int> some(10);
  const native::AlignedBuffer buffer(10);
  EXPECT_EQ(allocations(), before + 2);
}

TEST_F(Allocations, OfAUnetAreAllBeforeItsSecondSlice) {
  for (const char* kernels : {"winograd", "direct"}) {
    for (const bool bilinear : {false, true}) {
      UnetOptions options = unet();
      options.bilinear = bilinear;
      options.out_channels = bilinear ? 3 : 1;
      const auto session = open(unet_file(options), 4, kernels);
      const auto workspace = session->new_workspace();
      std::vector<float> in = Random(1).values(2 * 40 * 52 * 3);
      std::vector<float> out(2 * 40 * 52);
      const TensorView input{in.data(), {2, 3, 40, 52}, Layout::kNhwc, {}};
      const TensorView output{out.data(), {2, 1, 40, 52}, Layout::kNchw, {}};
      const long before = allocations();
      session->run(*workspace, input, output);
      EXPECT_GT(allocations(), before);  // for the first slice of this size
      const long first = allocations();
      for (int i = 0; i < 3; ++i) session->run(*workspace, input, output);
      EXPECT_EQ(allocations(), first) << kernels << (bilinear ? ", bilinear" : "");
    }
  }
}

TEST_F(Allocations, OfAClassifierAreAllInItsWorkspace) {
  ClassifierOptions options;
  options.widths = {8, 3, 18};
  options.crop = {9, 17, 24};
  for (const char* kernels : {"winograd", "direct"}) {
    const auto session = open(classifier_file(options), 5, kernels);
    const auto workspace = session->new_workspace();
    std::vector<float> in = Random(1).values(9 * 17 * 24);
    std::vector<float> out(2);
    const long before = allocations();
    for (int i = 0; i < 3; ++i) {
      session->run(*workspace, {in.data(), {1, 1, 9, 17, 24}, Layout::kNchw, {}},
                   {out.data(), {1, 2}, Layout::kNchw, {}});
    }
    EXPECT_EQ(allocations(), before) << kernels;
  }
}

/// A scan with twice as many slices allocates no more, except for the mask: run streams reuse the
/// memory of the previous scan.
TEST_F(Allocations, OfAScanDoNotGrowWithItsSlices) {
  for (const int threads : {1, 2, 3}) {
    std::vector<std::unique_ptr<Session>> members;
    members.push_back(open(unet_file(unet()), 4, "winograd", threads));
    StageManifest stage;
    stage.input.context_slices = 1;
    stage.input.size_multiple = 4;
    const Segmenter segmenter(stage, Network(std::move(members), OutputKind::kProbability), 0.5);
    const std::vector<std::int16_t> hu(24 * 20 * 30, 7);
    const auto allocated_by = [&](std::int64_t slices) {
      const CtVolume volume(hu.data(), {slices, 20, 30}, {}, nullptr);
      const RunOptions options;
      const RunControl control(options);
      const long before = allocations();
      segmenter.run(volume, control);
      return allocations() - before;
    };
    // A run stream allocates when it first gets work, and thread timing decides in which scan that
    // happens: the minimum is that of a scan in which no stream was new.
    const auto least = [&](std::int64_t slices) {
      long result = allocated_by(slices);
      for (int scan = 0; scan < 10; ++scan) result = std::min(result, allocated_by(slices));
      return result;
    };
    const long few = least(12);
    EXPECT_EQ(least(24), few) << threads << " threads";
    EXPECT_LT(few, 10 * threads);  // mask, leases, threads; nothing per slice
  }
}

TEST_F(Allocations, ThatFailAreAnErrorAndNothingIsLost) {
  const WeightsFile file = unet_file(unet());
  const auto session = open(file, 4);
  const auto workspace = session->new_workspace();
  std::vector<float> in = Random(1).values(40 * 52 * 3);
  std::vector<float> out(40 * 52);
  const auto segment = [&] {
    session->run(*workspace, {in.data(), {1, 3, 40, 52}, Layout::kNhwc, {}},
                 {out.data(), {1, 1, 40, 52}, Layout::kNchw, {}});
  };
  {
    const MemoryRunsOut now(0);  // all memory of a run is one allocation
    expect_error(ErrorCode::kOutOfMemory, {"engine native", "out of memory", "40 x 52"}, segment);
  }
  segment();  // works again once there is memory
  for (const float value : out) ASSERT_TRUE(value > 0 && value < 1);

  ClassifierOptions options;
  options.widths = {3};
  options.crop = {4, 5, 6};
  const auto classifier = open(classifier_file(options), 5);
  {
    const MemoryRunsOut now(0);
    expect_error(ErrorCode::kOutOfMemory, {"engine native", "4 x 5 x 6"},
                 [&] { classifier->new_workspace(); });
  }
  for (const long calls : {0L, 1L, 5L, 10L}) {
    const MemoryRunsOut soon(calls);
    expect_error(ErrorCode::kOutOfMemory, {"engine native", "reading", "weights.safetensors"},
                 [&] { open(file, 4); });
  }
  EXPECT_NE(classifier->new_workspace(), nullptr);
}

}  // namespace
}  // namespace lungrt
