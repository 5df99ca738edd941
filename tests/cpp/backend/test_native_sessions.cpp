#include <thread>

#include "backend/native/engine.h"
#include "backend/native/layers.h"
#include "expect_error.h"
#include "native/weights_file.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using native::ClassifierOptions;
using native::UnetOptions;
using native::testing::classifier_file;
using native::testing::Random;
using native::testing::unet_file;
using native::testing::WeightsFile;
using testing::expect_error;

/// A U-Net for 3 slices with three levels, a classifier for 4 x 6 x 7, and the requests to open
/// them.
class NativeSessions : public ::testing::Test {
 protected:
  NativeSessions() {
    unet_.in_channels = 3;
    unet_.widths = {4, 6, 5};
    classifier_.widths = {3, 9};
    classifier_.crop = {4, 6, 7};
    classifier_.out_channels = 3;
  }

  SessionRequest request(const WeightsFile& file, int rank, EngineOptions options = {}) const {
    SessionRequest result;
    result.artifact = folder_.write("weights.safetensors", file.bytes());
    result.input_rank = rank;
    result.threads = 3;
    result.options = std::move(options);
    return result;
  }
  std::unique_ptr<Session> open_unet() const {
    return native_engine().open(request(unet_file(unet_), 4));
  }
  std::unique_ptr<Session> open_classifier() const {
    return native_engine().open(request(classifier_file(classifier_), 5));
  }

  /// Runs a session on random numbers.
  static std::vector<float> run(const Session& session, Workspace& workspace,
                                const TensorShape& input, const TensorShape& output, Layout layout,
                                unsigned seed = 1) {
    std::vector<float> in = Random(seed).values(static_cast<std::size_t>(input.elements()));
    std::vector<float> out(static_cast<std::size_t>(output.elements()), -1.0F);
    session.run(workspace, {in.data(), input, layout, {}}, {out.data(), output, Layout::kNchw, {}});
    return out;
  }
  static std::vector<float> segment(const Session& session, Workspace& workspace,
                                    std::int64_t items, std::int64_t height, std::int64_t width,
                                    unsigned seed = 1) {
    return run(session, workspace, {items, 3, height, width}, {items, 1, height, width},
               Layout::kNhwc, seed);
  }
  static std::vector<float> classify(const Session& session, Workspace& workspace,
                                     std::int64_t items, unsigned seed = 1) {
    return run(session, workspace, {items, 1, 4, 6, 7}, {items, 3}, Layout::kNchw, seed);
  }

  testing::TempFolder folder_;
  UnetOptions unet_;
  ClassifierOptions classifier_;
};

TEST_F(NativeSessions, WantOneItemALane) {
  const auto unet = open_unet();
  EXPECT_EQ(unet->traits().layout, Layout::kNhwc);
  const auto classifier = open_classifier();
  EXPECT_EQ(classifier->traits().layout, Layout::kNchw);
  for (const Session* session : {unet.get(), classifier.get()}) {
    EXPECT_EQ(session->traits().batch, 1);
    EXPECT_EQ(session->traits().run_streams, 3);  // as many as threads
    EXPECT_FALSE(session->traits().fixed_batch);
  }
}

TEST_F(NativeSessions, RunABatchAsItsItems) {
  const auto unet = open_unet();
  const auto workspace = unet->new_workspace();
  const std::vector<float> both = segment(*unet, *workspace, 2, 8, 12);
  const std::vector<float> first = segment(*unet, *workspace, 1, 8, 12);
  EXPECT_EQ(std::vector<float>(both.begin(), both.begin() + 96), first);

  const auto classifier = open_classifier();
  const auto other = classifier->new_workspace();
  const std::vector<float> three = classify(*classifier, *other, 3);
  EXPECT_EQ(std::vector<float>(three.begin(), three.begin() + 3), classify(*classifier, *other, 1));
}

TEST_F(NativeSessions, TakeSlicesOfAnotherSizeInTheSameWorkspace) {
  const auto unet = open_unet();
  const auto workspace = unet->new_workspace();
  const std::vector<float> small = segment(*unet, *workspace, 1, 8, 12);
  segment(*unet, *workspace, 1, 40, 20);
  segment(*unet, *workspace, 1, 8, 40);
  EXPECT_EQ(segment(*unet, *workspace, 1, 8, 12), small);
}

TEST_F(NativeSessions, RefuseShapesThatTheNetworkDoesNotTake) {
  const auto unet = open_unet();
  const auto workspace = unet->new_workspace();
  const auto refuse_slices = [&](const TensorShape& input, const TensorShape& output,
                                 Layout layout) {
    expect_error(ErrorCode::kInference,
                 {"engine native", "do not fit the network", "[N, 3, height, width]", "multiple"},
                 [&] { run(*unet, *workspace, input, output, layout); });
  };
  refuse_slices({1, 5, 8, 12}, {1, 1, 8, 12}, Layout::kNhwc);  // channels
  refuse_slices({1, 3, 8, 12}, {1, 1, 4, 12}, Layout::kNhwc);  // halo
  refuse_slices({1, 3, 8, 12}, {1, 1, 8, 8}, Layout::kNhwc);
  refuse_slices({1, 3, 8, 12}, {1, 2, 8, 12}, Layout::kNhwc);  // outputs
  refuse_slices({1, 3, 8, 12}, {1, 1, 8, 12}, Layout::kNchw);
  refuse_slices({1, 3, 8, 12, 1}, {1, 1, 8, 12}, Layout::kNhwc);
  // Sizes that pooling does not divide: a manifest may contradict the weights.
  refuse_slices({1, 3, 10, 12}, {1, 1, 10, 12}, Layout::kNhwc);
  refuse_slices({1, 3, 8, 13}, {1, 1, 8, 13}, Layout::kNhwc);
  refuse_slices({1, 3, 0, 12}, {1, 1, 0, 12}, Layout::kNhwc);

  const auto classifier = open_classifier();
  const auto other = classifier->new_workspace();
  const auto refuse_crops = [&](const TensorShape& input, const TensorShape& output) {
    expect_error(ErrorCode::kInference,
                 {"engine native", "an input of [N, 1, 4, 6, 7] and an output of [N, 3]"},
                 [&] { run(*classifier, *other, input, output, Layout::kNchw); });
  };
  refuse_crops({1, 1, 4, 6, 8}, {1, 3});
  refuse_crops({1, 1, 4, 7, 7}, {1, 3});
  refuse_crops({1, 1, 5, 6, 7}, {1, 3});
  refuse_crops({1, 2, 4, 6, 7}, {1, 3});
  refuse_crops({1, 1, 4, 6, 7}, {1, 2});
  refuse_crops({1, 4, 6, 7}, {1, 3});
}

TEST_F(NativeSessions, OfUnpaddedNetworksGiveLess) {
  unet_.widths = {4, 3};
  unet_.padding = false;
  const auto unet = open_unet();
  const auto workspace = unet->new_workspace();
  constexpr int kHalo = 8;
  const std::vector<float> found =
      run(*unet, *workspace, {1, 3, 20, 22}, {1, 1, 4, 6}, Layout::kNhwc);
  for (const float value : found) EXPECT_TRUE(value > 0 && value < 1);
  // The output would be empty, or of odd size, which pooling does not divide.
  for (const std::int64_t size : {2 * kHalo, 2 * kHalo + 1}) {
    expect_error(ErrorCode::kInference,
                 {"a multiple of 2 plus 16", "an output with 16 fewer rows and columns"}, [&] {
                   run(*unet, *workspace, {1, 3, size, 22}, {1, 1, size - 2 * kHalo, 6},
                       Layout::kNhwc);
                 });
  }
}

TEST_F(NativeSessions, RefuseTheOtherFamily) {
  expect_error(ErrorCode::kBadBundle,
               {"weights.safetensors", "holds a classifier, expected a U-Net", "stage"},
               [&] { native_engine().open(request(classifier_file(classifier_), 4)); });
  expect_error(ErrorCode::kBadBundle, {"holds a U-Net, expected a classifier"},
               [&] { native_engine().open(request(unet_file(unet_), 5)); });
}

TEST_F(NativeSessions, RefuseOptionsAndTensorsThatDoNotFit) {
  expect_error(ErrorCode::kInvalidArgument, {"unknown option 'flavour'"}, [&] {
    native_engine().open(request(unet_file(unet_), 4, {{"flavour", "vanilla"}}));
  });
  WeightsFile more = unet_file(unet_);
  more.content.tensors["unet.extra"] = {{1}, {0}};
  expect_error(ErrorCode::kBadBundle, {"not part of a network with these options: unet.extra"},
               [&] { native_engine().open(request(more, 4)); });
  WeightsFile less = classifier_file(classifier_);
  less.content.tensors.erase("block2.conv1.bias");
  expect_error(ErrorCode::kBadBundle, {"'block2.conv1.bias' is missing"},
               [&] { native_engine().open(request(less, 5)); });
}

/// Options with sizes that do not fit into memory, in a file of a few bytes: always an error, even
/// if their product overflows.
TEST_F(NativeSessions, RefuseNetworksThatNoMemoryHolds) {
  classifier_.widths = {1};
  classifier_.crop = {2, 2, 2};
  WeightsFile file = classifier_file(classifier_);
  file.options["crop"] = {4096, 4096, 4096};
  // 2^33 features: 0 if truncated to 32 bits.
  file.content.tensors["head_linear.weight"] = {{3, 0}, {}};
  expect_error(ErrorCode::kBadBundle, {"head_linear.weight", "[3, 0]", "[3, 8589934592]"},
               [&] { native_engine().open(request(file, 5)); });
}

TEST_F(NativeSessions, ServeManyThreadsAtOnce) {
  const auto unet = open_unet();
  const auto classifier = open_classifier();
  constexpr unsigned kRuns = 24;
  std::vector<std::vector<float>> alone, together(2 * kRuns);
  {
    const auto slices = unet->new_workspace();
    const auto crops = classifier->new_workspace();
    for (unsigned i = 0; i < kRuns; ++i) {
      alone.push_back(segment(*unet, *slices, 1, 8 + 4 * (i % 3), 12, i));
      alone.push_back(classify(*classifier, *crops, 1, i));
    }
  }
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 6; ++thread) {
      threads.emplace_back([&, thread] {
        const auto slices = unet->new_workspace();
        const auto crops = classifier->new_workspace();
        for (unsigned i = thread; i < kRuns; i += 6) {
          together[2 * i] = segment(*unet, *slices, 1, 8 + 4 * (i % 3), 12, i);
          together[2 * i + 1] = classify(*classifier, *crops, 1, i);
        }
      });
    }
  }
  EXPECT_EQ(together, alone);
}

TEST_F(NativeSessions, LayersRefuseWhatSessionsDo) {
  const auto layers = [&](const WeightsFile& file, bool slices, std::vector<std::int64_t> shape,
                          const EngineOptions& options = {}) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= std::max<std::int64_t>(0, size);
    const std::vector<float> input(static_cast<std::size_t>(count), 0.5F);
    return native_layers(folder_.write("weights.safetensors", file.bytes()), slices, input.data(),
                         shape, options);
  };
  const WeightsFile unet = unet_file(unet_);
  EXPECT_EQ(layers(unet, true, {3, 8, 12}).at("unet.down_path.1.block.2").shape,
            (std::vector<std::int64_t>{6, 4, 6}));
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{},
                                              {8, 12},
                                              {1, 3, 8, 12},
                                              {5, 8, 12},
                                              {3, 8, 10},
                                              {3, 6, 12},
                                              {3, 0, 12},
                                              {3, 20000, 0}}) {
    expect_error(ErrorCode::kInvalidArgument, {"[3, height, width]", "multiple of 4"},
                 [&] { layers(unet, true, shape); });
  }
  const WeightsFile classifier = classifier_file(classifier_);
  EXPECT_EQ(layers(classifier, false, {4, 6, 7}).at("block2").shape,
            (std::vector<std::int64_t>{9, 1, 1, 1}));
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{}, {4, 6}, {4, 6, 8}, {1, 4, 6, 7}}) {
    expect_error(ErrorCode::kInvalidArgument, {"[4, 6, 7]"},
                 [&] { layers(classifier, false, shape); });
  }
  expect_error(ErrorCode::kBadBundle, {"expected a U-Net"},
               [&] { layers(classifier, true, {3, 8, 12}); });
  expect_error(ErrorCode::kInvalidArgument, {"unknown option"},
               [&] { layers(unet, true, {3, 8, 12}, {{"speed", "high"}}); });
  WeightsFile more = unet;
  more.content.tensors["unet.extra"] = {{1}, {0}};
  expect_error(ErrorCode::kBadBundle, {"not part of a network with these options: unet.extra"},
               [&] { layers(more, true, {3, 8, 12}); });
}

}  // namespace
}  // namespace lungrt
