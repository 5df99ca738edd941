#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "fake_network.h"
#include "stages/group.h"
#include "stages/segment_field.h"

namespace lungrt {
namespace {

constexpr std::int64_t kReceptiveRadius = 3;

StageManifest stage_with_receptive_radius() {
  StageManifest stage;
  stage.input.size_multiple = 1;
  stage.classes = {"nodule"};
  stage.networks.resize(1);
  stage.networks[0].receptive_radius = kReceptiveRadius;
  return stage;
}

/// Network for inputs of any size that returns its input.
class PassSession final : public Session {
 public:
  explicit PassSession(SessionTraits traits) : traits_(traits) {}
  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override {
    return std::make_unique<Workspace>();
  }
  void run(Workspace&, const TensorView& input, const TensorView& output) const override {
    std::copy_n(input.data, input.shape.elements(), output.data);
    pixels += input.shape[2] * input.shape[3];
  }
  mutable std::atomic<std::int64_t> pixels = 0;

 private:
  SessionTraits traits_;
};

struct Scene {
  VolumeShape shape{24, 60, 150};
  std::vector<std::int16_t> hu;
  CtVolume volume() const { return {hu.data(), shape, {}, nullptr}; }
};

/// Volume of zeros with boxes and long bars of ones, which the fake network segments.
Scene random_scene(unsigned seed) {
  Scene scene;
  scene.hu.assign(static_cast<std::size_t>(scene.shape.voxels()), 0);
  std::mt19937 random(seed);
  const auto up_to = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
  };
  for (int k = 0; k < 25; ++k) {
    const VoxelIndex at{up_to(24), up_to(60), up_to(150)};
    const bool bar = k % 5 == 0;
    const VoxelIndex last{at.slice + 2 + up_to(bar ? 14 : 3), at.row + 2 + up_to(4),
                          at.column + 2 + up_to(bar ? 90 : 6)};
    for (std::int64_t s = at.slice; s <= std::min<std::int64_t>(23, last.slice); ++s) {
      for (std::int64_t r = at.row; r <= std::min<std::int64_t>(59, last.row); ++r) {
        for (std::int64_t c = at.column; c <= std::min<std::int64_t>(149, last.column); ++c) {
          scene.hu[static_cast<std::size_t>((s * 60 + r) * 150 + c)] = 1;
        }
      }
    }
  }
  return scene;
}

ops::CellField field_of(const Scene& scene) {
  const ops::BlockSize block{2, 5, 5};
  ops::CellMask cells(ops::cells_over(scene.shape, block));
  for (std::int64_t s = 3; s < 8; ++s) {
    for (std::int64_t r = 3; r < 9; ++r) {
      for (std::int64_t c = 6; c < 14 - s / 2; ++c) cells.at(s, r, c) = 1;
    }
  }
  return {scene.shape, block, cells};
}

TEST(SegmentField, KeepsTheCandidatesOfTheWholeVolumeWhoseCentreLiesInTheField) {
  std::size_t kept = 0;
  std::int64_t pixels_of_field = 0, pixels_of_all = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Scene scene = random_scene(seed);
    const ops::CellField field = field_of(scene);
    auto session = std::make_unique<PassSession>(SessionTraits{Layout::kNchw, 1, 2});
    const PassSession* counted = session.get();
    std::vector<std::unique_ptr<Session>> members;
    members.push_back(std::move(session));
    const Segmenter segmenter(stage_with_receptive_radius(),
                              Network(std::move(members), OutputKind::kProbability), 0.5);
    const RunOptions options;
    const RunControl control(options);
    const CtVolume volume = scene.volume();
    const std::unique_ptr<PlacedScan> scan = scan_on_host(volume);
    segment_field(segmenter, *scan, field, control);
    const NoduleMask of_field = scan->mask();
    pixels_of_field += counted->pixels;
    const NoduleMask whole = segmenter.run(scene.volume(), control);
    pixels_of_all += scene.shape.voxels();
    GroupResult expected = group_candidates(scene.volume(), whole, InverseTransform::kExact);
    keep_in_field(field, expected);
    GroupResult found = group_candidates(scene.volume(), of_field, InverseTransform::kExact);
    keep_in_field(field, found);
    ASSERT_EQ(found.candidates.size(), expected.candidates.size()) << seed;
    for (std::size_t i = 0; i < found.candidates.size(); ++i) {
      EXPECT_EQ(found.candidates[i].index, expected.candidates[i].index);
      EXPECT_EQ(found.candidates[i].volume_mm3, expected.candidates[i].volume_mm3);
    }
    kept += found.candidates.size();
  }
  EXPECT_GT(kept, 40U);
  EXPECT_LT(pixels_of_field, pixels_of_all * 3 / 4);  // with less work
}

TEST(SegmentField, ANetworkOfFixedSizesSeesWholeSlices) {
  const Scene scene = random_scene(1);
  SessionTraits traits;
  traits.fixed_size = true;
  auto session = std::make_unique<PassSession>(traits);
  const PassSession* counted = session.get();
  std::vector<std::unique_ptr<Session>> members;
  members.push_back(std::move(session));
  const Segmenter segmenter(stage_with_receptive_radius(),
                            Network(std::move(members), OutputKind::kProbability), 0.5);
  const CtVolume volume = scene.volume();
  const std::unique_ptr<PlacedScan> scan = scan_on_host(volume);
  segment_field(segmenter, *scan, field_of(scene), RunControl({}));
  EXPECT_GT(counted->pixels, 0);
  EXPECT_EQ(counted->pixels % scene.shape.slice_voxels(), 0);
}

}  // namespace
}  // namespace lungrt
