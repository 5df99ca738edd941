#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "expect_error.h"
#include "native_bundle.h"
#include "stages/hounsfield.h"

namespace lungrt {
namespace {

using testing::expect_error;

/// The test's chest with other values: air, lungs, soft tissue, nodules and, with noise, every
/// value between them.
class HounsfieldTest : public ::testing::Test {
 protected:
  std::vector<std::int16_t> changed(const std::function<double(double)>& change,
                                    double noise = 20.0) const {
    std::mt19937 random(5);
    std::normal_distribution<double> scatter(0.0, noise);
    std::vector<std::int16_t> hu;
    for (const std::int16_t value : chest_.hu()) {
      hu.push_back(static_cast<std::int16_t>(std::lround(change(value + scatter(random)))));
    }
    return hu;
  }
  static std::optional<std::string> reason(const std::vector<std::int16_t>& hu) {
    return why_not_hounsfield({hu.data(), testing::Chest::kShape, {}, nullptr});
  }
  static void expect_reason(const std::vector<std::int16_t>& hu, const std::string& text) {
    const std::optional<std::string> why = reason(hu);
    ASSERT_TRUE(why) << text;
    EXPECT_NE(why->find(text), std::string::npos) << *why;
  }

  testing::Chest chest_;
};

TEST_F(HounsfieldTest, RealKindsOfCtsPass) {
  EXPECT_EQ(reason(chest_.hu()), std::nullopt);
  EXPECT_EQ(reason(changed([](double v) { return v; }, 100.0)), std::nullopt) << "noisy";
  EXPECT_EQ(reason(changed([](double v) { return std::clamp(v, -1000.0, 400.0); })), std::nullopt);
  EXPECT_EQ(reason(changed([](double v) { return std::max(v, -600.0); })), std::nullopt);
  EXPECT_EQ(reason(changed([](double v) { return v < -950 ? -2000.0 : v; })), std::nullopt)
      << "padded outside of the body";
  EXPECT_EQ(reason(changed([](double v) { return v < -950 ? -3024.0 : v; })), std::nullopt);
  EXPECT_EQ(reason(changed([](double v) { return v < -950 ? 0.0 : v; })), std::nullopt)
      << "water outside of the body";
  // One voxel in 900 is air: a lung at the edge of a crop.
  std::vector<std::int16_t> crop(static_cast<std::size_t>(testing::Chest::kShape.voxels()), 40);
  for (std::size_t i = 0; i < crop.size(); i += 900) crop[i] = -700;
  EXPECT_EQ(reason(crop), std::nullopt);
}

TEST_F(HounsfieldTest, ValuesWithoutAirAreNone) {
  expect_reason(changed([](double v) { return std::max(v + 1024, 0.0); }),
                "stored values without their rescale");
  expect_reason(changed([](double v) { return std::clamp((v + 1350) * 255 / 1500, 0.0, 255.0); }),
                "an image of 8 bits");
  expect_reason(changed([](double v) { return std::clamp((v + 1000) / 1400, 0.0, 1.0); }),
                "a unit range");
  expect_reason(changed([](double v) { return std::clamp(v / 1000, -1.0, 1.0); }), "a unit range");
  expect_reason(changed([](double v) { return std::clamp(v, -160.0, 240.0); }), "windowed");
  expect_reason(changed([](double v) { return v < -500 ? -2000.0 : v; }), "range from -2000 to");
  std::vector<std::int16_t> rare(static_cast<std::size_t>(testing::Chest::kShape.voxels()), 40);
  for (std::size_t i = 0; i < rare.size(); i += 1100) rare[i] = -700;
  expect_reason(rare, "expected at least 0.1 %");
}

TEST_F(HounsfieldTest, ShiftedValuesAreNone) {
  // Padding of -1024 must not pass for air among stored values.
  expect_reason(changed([](double v) { return v < -950 ? -1024.0 : std::max(v + 1024, 0.0); }),
                "stored values with padding");
  expect_reason(changed([](double v) { return v - 1024; }), "subtracted twice");
}

TEST_F(HounsfieldTest, APipelineRefusesThemInEveryProfileAndGoesOnKnowingly) {
  const testing::TempFolder folder;
  const testing::NativeBundle bundle(folder);
  const std::vector<std::int16_t> stored =
      changed([](double v) { return std::max(v + 1024, 0.0); });
  const CtVolume volume(stored.data(), testing::Chest::kShape, chest_.volume().geometry(), nullptr);
  for (const char* profile : {"book", "lung"}) {
    PipelineOptions options;
    options.profile = profile;
    const Pipeline pipeline(bundle.path(), options);
    for (const auto& run : std::vector<std::function<void()>>{[&] { pipeline.run(volume); },
                                                              [&] { pipeline.segment(volume); }}) {
      expect_error(ErrorCode::kBadVolume,
                   {"not Hounsfield units", "range from 0 to", "-1100 and -400", "at least 0.1 %",
                    "allow_non_hu", "--allow-non-hu"},
                   run);
    }
  }
  PipelineOptions options;
  options.profile = "book";
  const Pipeline pipeline(bundle.path(), options);
  RunOptions knowingly;
  knowingly.allow_non_hu = true;
  const Report report = pipeline.run(volume, knowingly);
  ASSERT_EQ(report.provenance.notes.size(), 1U);
  EXPECT_NE(report.provenance.notes[0].find("not Hounsfield units"), std::string::npos);
  EXPECT_NE(report.provenance.notes[0].find("because allow_non_hu was given"), std::string::npos);
  EXPECT_EQ(pipeline.segment(volume, knowingly).shape(), volume.shape());
  EXPECT_TRUE(pipeline.run(chest_.volume(), knowingly).provenance.notes.empty());
}

TEST(PipelineDefaults, AreProfileLung) {
  const testing::TempFolder folder;
  const testing::NativeBundle bundle(folder);
  const ProfileOptions profile = Pipeline(bundle.path()).profile();
  EXPECT_EQ(profile.profile, "lung");
  EXPECT_EQ(profile.region, Region::kLungField);
  EXPECT_EQ(profile.voxel_order, VoxelOrder::kPatient);
}

}  // namespace
}  // namespace lungrt
