#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "expect_error.h"
#include "fake_network.h"
#include "stages/classify.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::fake_network;

constexpr VolumeShape kShape{3, 6, 12};

StageManifest stage_of(StageKind kind, std::vector<std::string> classes) {
  StageManifest stage;
  stage.kind = kind;
  stage.input.crop = {2, 2, 2};
  stage.input.scale = 0.01F;  // HU 75 is probability 0.75
  stage.classes = std::move(classes);
  return stage;
}

void two_classes(const float* crop, float* output) {
  const float center = crop[7];  // voxel (1, 1, 1) of a crop of 2 x 2 x 2
  output[0] = 1.0F - center;
  output[1] = center;
}

Classifier nodule_classifier(std::int64_t batch = 4) {
  return {stage_of(StageKind::kNodule, {"non-nodule", "nodule"}),
          fake_network({Layout::kNchw, batch}, {two_classes})};
}

/// Candidate k lies on a voxel with k * 10 HU.
class CandidateClassifierTest : public ::testing::Test {
 protected:
  CandidateClassifierTest() : hu_(static_cast<std::size_t>(kShape.voxels())) {
    for (std::int64_t k = 0; k < 10; ++k) {
      Candidate candidate;
      candidate.index = {1, 1, k + 1};
      const std::int64_t voxel = (1 * kShape.rows + 1) * kShape.columns + k + 1;
      hu_[static_cast<std::size_t>(voxel)] = static_cast<std::int16_t>(k * 10);
      candidates_.push_back(candidate);
    }
  }
  CtVolume volume() const { return {hu_.data(), kShape, {}, nullptr}; }

  std::vector<std::int16_t> hu_;
  std::vector<Candidate> candidates_;
};

TEST_F(CandidateClassifierTest, KeepsTheOrderAcrossBatches) {
  for (const std::int64_t batch : {1, 3, 4, 16}) {
    const CandidateClassifier classifier(nodule_classifier(batch), std::nullopt, 0.5);
    const auto findings = classifier.run(volume(), candidates_, RunControl({}));
    ASSERT_EQ(findings.size(), 10U);
    for (std::size_t k = 0; k < 10; ++k) {
      EXPECT_NEAR(findings[k].p_nodule, 0.1 * static_cast<double>(k), 1e-6);
      EXPECT_FALSE(findings[k].p_malignant.has_value());
      EXPECT_EQ(findings[k].index, candidates_[k].index);
    }
  }
}

TEST_F(CandidateClassifierTest, ComputesNoMoreCropsThanABatchNeeds) {
  const auto batches_of = [&](SessionTraits traits, std::size_t crops) {
    std::vector<std::int64_t> runs;
    const CandidateClassifier classifier(
        Classifier(stage_of(StageKind::kNodule, {"non-nodule", "nodule"}),
                   fake_network(traits, {two_classes}, OutputKind::kProbability, &runs)),
        std::nullopt, 0.5);
    classifier.run(volume(), {candidates_.begin(), candidates_.begin() + crops}, RunControl({}));
    return runs;
  };
  using Runs = std::vector<std::int64_t>;
  EXPECT_EQ(batches_of({.batch = 64}, 10), (Runs{16}));
  EXPECT_EQ(batches_of({.batch = 8}, 10), (Runs{8, 2}));
  EXPECT_EQ(batches_of({.batch = 8}, 9), (Runs{8, 2}));  // a lone crop is computed as one of two
  EXPECT_EQ(batches_of({.batch = 8, .fixed_batch = true}, 9), (Runs{8, 8}));
}

TEST_F(CandidateClassifierTest, AsksForMalignancyOfNodulesOnly) {
  RunOptions options;
  options.progress = [&](const char* stage, std::int64_t, std::int64_t total) {
    if (std::string(stage) == "malignancy") {
      EXPECT_EQ(total, 4);  // 0.6 to 0.9; 0.5 is not above
    }
  };
  Classifier malignancy(stage_of(StageKind::kMalignancy, {"benign", "malignant"}),
                        fake_network({Layout::kNchw, 4}, {two_classes}));
  const CandidateClassifier classifier(nodule_classifier(), std::move(malignancy), 0.5);
  const auto findings = classifier.run(volume(), candidates_, RunControl(options));
  for (std::size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(findings[k].p_malignant.has_value(), k > 5) << k;
    if (k > 5) {
      EXPECT_NEAR(*findings[k].p_malignant, 0.1 * static_cast<double>(k), 1e-6);
    }
  }
}

TEST_F(CandidateClassifierTest, ReadsOneThreeClassNetworkAsBoth) {
  Classifier three(stage_of(StageKind::kNodule, {"non-nodule", "benign", "malignant"}),
                   fake_network({Layout::kNchw, 4}, {[](const float*, float* output) {
                                  output[0] = 0.2F;
                                  output[1] = 0.2F;
                                  output[2] = 0.6F;
                                }}));
  const CandidateClassifier classifier(std::move(three), std::nullopt, 0.5);
  const auto findings = classifier.run(volume(), candidates_, RunControl({}));
  EXPECT_NEAR(findings[0].p_nodule, 0.8, 1e-6);
  EXPECT_NEAR(findings[0].p_malignant.value(), 0.75, 1e-6);
}

TEST_F(CandidateClassifierTest, EmptyIsAResult) {
  const CandidateClassifier classifier(nodule_classifier(), std::nullopt, 0.5);
  EXPECT_TRUE(classifier.run(volume(), {}, RunControl({})).empty());
}

TEST_F(CandidateClassifierTest, ClassifiesACropThatPlacesShareOnce) {
  int crops = 0;
  const CandidateClassifier classifier(
      Classifier(stage_of(StageKind::kNodule, {"non-nodule", "nodule"}),
                 fake_network({Layout::kNchw, 1}, {[&crops](const float* crop, float* output) {
                                ++crops;
                                two_classes(crop, output);
                              }})),
      std::nullopt, 0.5);
  // After shifting inside the volume, the crops of the last two columns are the same.
  std::vector<Candidate> shared(4, candidates_[0]);
  shared[0].index = shared[2].index = {1, 1, 11};
  shared[1].index = {1, 1, 4};
  shared[3].index = {1, 1, 12 - 1};
  const std::vector<Finding> findings = classifier.run(volume(), shared, RunControl({}));
  EXPECT_EQ(crops, 2);
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_FLOAT_EQ(static_cast<float>(findings[1].p_nodule), 0.3F);
  EXPECT_EQ(findings[0].p_nodule, findings[2].p_nodule);
  EXPECT_EQ(findings[0].p_nodule, findings[3].p_nodule);
}

TEST_F(CandidateClassifierTest, RefusesWhatIsNoProbability) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -0.1F, 1.5F}) {
    const CandidateClassifier classifier(
        Classifier(stage_of(StageKind::kNodule, {"non-nodule", "nodule"}),
                   fake_network(
                       {}, {[bad](const float*, float* output) { output[0] = output[1] = bad; }})),
        std::nullopt, 0.5);
    expect_error(ErrorCode::kInference, {"crop that begins at", "expected a probability"},
                 [&] { classifier.run(volume(), candidates_, RunControl({})); });
  }
}

}  // namespace
}  // namespace lungrt
