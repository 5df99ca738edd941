/// One CT in every order in which its voxels can be stored, from end to end.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/lung_field.h"
#include "native_bundle.h"
#include "stored_orders.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::StoredOrder;

std::vector<std::uint8_t> bytes_of(const NoduleMask& mask) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(mask.shape().voxels()));
  mask.to_bytes(bytes.data());
  return bytes;
}

bool contains(const std::vector<std::string>& notes, const std::string& text) {
  for (const std::string& note : notes) {
    if (note.find(text) != std::string::npos) return true;
  }
  return false;
}

class VoxelOrderTest : public ::testing::Test {
 protected:
  Pipeline open(const std::string& profile, const std::string& voxel_order = "") const {
    PipelineOptions options;
    options.profile = profile;
    options.voxel_order = voxel_order;
    options.threads = 1;
    return Pipeline(bundle_.path(), options);
  }

  /// The same found at the same places of the patient, with voxels of the stored volume.
  static void expect_same(const Finding& found, const Finding& expected,
                          const StoredOrder& stored) {
    EXPECT_EQ(stored.original_voxel(found.index), expected.index);
    EXPECT_EQ(found.p_nodule, expected.p_nodule);
    EXPECT_EQ(found.p_malignant, expected.p_malignant);
    EXPECT_DOUBLE_EQ(found.volume_mm3, expected.volume_mm3);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(found.center_mm[axis], expected.center_mm[axis], 1e-9);
    }
    EXPECT_EQ(found.center_mm, stored.volume().geometry().to_world(found.index));
    EXPECT_EQ(found.extent_mm, stored.volume().geometry().extent_mm(found.box));
    const VoxelIndex a = stored.original_voxel(found.box.first);
    const VoxelIndex b = stored.original_voxel(found.box.last);
    EXPECT_EQ(std::min(a.slice, b.slice), expected.box.first.slice);
    EXPECT_EQ(std::min(a.row, b.row), expected.box.first.row);
    EXPECT_EQ(std::max(a.column, b.column), expected.box.last.column);
  }

  testing::TempFolder folder_;
  testing::NativeBundle bundle_{folder_};
  testing::Chest chest_;
  RunOptions keep_ = [] {
    RunOptions options;
    options.keep_masks = true;
    return options;
  }();
};

TEST_F(VoxelOrderTest, TheSameResultForEveryStoredOrder) {
  const Pipeline pipeline = open("lung");
  const Report expected = pipeline.run(chest_.volume(), keep_);
  ASSERT_GE(expected.nodules.size(), 2U);
  EXPECT_EQ(expected.options.voxel_order, VoxelOrder::kPatient);
  EXPECT_EQ(expected.timings_s.count("reorder"), 0U) << "nothing is to be copied";
  const NetworkInput slice = pipeline.segmentation_input(chest_.volume(), 12);
  const NetworkInput crop = pipeline.nodule_input(chest_.volume(), expected.nodules.front().index);

  int reports_of_reformats = 0;
  for (const StoredOrder& stored : testing::all_orders(chest_.volume())) {
    SCOPED_TRACE(stored.name());
    const CtVolume volume = stored.volume();
    const Report found = pipeline.run(volume, keep_);
    EXPECT_EQ(found.shape, volume.shape());
    EXPECT_EQ(found.geometry.direction(), volume.geometry().direction());
    EXPECT_EQ(found.timings_s.count("reorder"), stored.name() == "+0+1+2" ? 0U : 1U);
    EXPECT_EQ(found.mask_voxels, expected.mask_voxels);
    EXPECT_DOUBLE_EQ(found.lung_field.value().air_ml, expected.lung_field.value().air_ml);
    ASSERT_EQ(found.candidates.size(), expected.candidates.size());
    for (std::size_t i = 0; i < found.candidates.size(); ++i) {
      expect_same(found.candidates[i], expected.candidates[i], stored);
    }
    ASSERT_EQ(found.nodules.size(), expected.nodules.size());
    for (std::size_t i = 0; i < found.nodules.size(); ++i) {
      expect_same(found.nodules[i], expected.nodules[i], stored);
      EXPECT_EQ(found.nodules[i].marks, expected.nodules[i].marks);
    }
    const auto same_mask = [&](const NoduleMask& mask, const NoduleMask& original) {
      EXPECT_EQ(bytes_of(mask), stored.stored<std::uint8_t>(bytes_of(original)));
    };
    same_mask(found.masks->mask, expected.masks->mask);
    same_mask(found.masks->lung_field, expected.masks->lung_field);
    same_mask(found.masks->nodules, expected.masks->nodules);
    EXPECT_EQ(found.masks->labels.labels,
              stored.stored<std::int32_t>(expected.masks->labels.labels));
    EXPECT_EQ(found.masks->labels.shape, volume.shape());

    // What the networks are given is equal to the bit.
    EXPECT_EQ(pipeline.segmentation_input(volume, 12).values, slice.values);
    EXPECT_EQ(pipeline.nodule_input(volume, found.nodules.front().index).values, crop.values);
    const bool axial = stored.name()[1] == '0';
    EXPECT_EQ(contains(found.provenance.notes, "into axial order"), !axial);
    reports_of_reformats += axial ? 0 : 1;
  }
  EXPECT_EQ(reports_of_reformats, 32);
}

TEST_F(VoxelOrderTest, StageByStageIsTheWholeRun) {
  const Pipeline pipeline = open("lung");
  for (const StoredOrder& stored : testing::all_orders(chest_.volume())) {
    if (stored.name() != "+2-0+1" && stored.name() != "-0+1-2") continue;
    SCOPED_TRACE(stored.name());
    const CtVolume volume = stored.volume();
    const Report report = pipeline.run(volume, keep_);
    EXPECT_EQ(bytes_of(find_lung_field(volume).mask), bytes_of(report.masks->lung_field));
    const NoduleMask mask = pipeline.segment(volume);
    EXPECT_EQ(bytes_of(mask), bytes_of(report.masks->mask));
    const std::vector<Candidate> candidates = pipeline.group(volume, mask);
    ASSERT_EQ(candidates.size(), report.candidates.size());
    const std::vector<Finding> findings = pipeline.classify(volume, candidates);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      EXPECT_EQ(findings[i].index, report.candidates[i].index);
      EXPECT_EQ(findings[i].box, report.candidates[i].box);
      EXPECT_EQ(findings[i].center_mm, report.candidates[i].center_mm);
      EXPECT_EQ(findings[i].p_nodule, report.candidates[i].p_nodule);
    }
  }
}

TEST_F(VoxelOrderTest, TheVolumeIsNotTouched) {
  StoredOrder stored(chest_.volume(), {1, 0, 2}, {true, false, true});
  const std::vector<std::int16_t> before = stored.hu();
  open("lung").run(stored.volume());
  EXPECT_EQ(stored.hu(), before);
}

TEST_F(VoxelOrderTest, TheStoredOrderIsUsedWithANote) {
  StoredOrder stored(chest_.volume(), {0, 1, 2}, {false, false, true});
  const Report book = open("book").run(stored.volume());
  EXPECT_EQ(book.options.voxel_order, VoxelOrder::kStored);
  EXPECT_TRUE(contains(book.provenance.notes,
                       "in the stored order (columns to the right, rows to the back, slices to the "
                       "head)"));
  EXPECT_EQ(book.timings_s.count("reorder"), 0U);
  // What the networks are given is what is stored.
  const NetworkInput mirrored = open("book").segmentation_input(stored.volume(), 12);
  const NetworkInput straight = open("book").segmentation_input(chest_.volume(), 12);
  ASSERT_EQ(mirrored.shape, straight.shape);
  EXPECT_NE(mirrored.values, straight.values);
  EXPECT_EQ(mirrored.values.front(), straight.values.at(99));

  EXPECT_FALSE(contains(open("book").run(chest_.volume()).provenance.notes, "stored order"));
  EXPECT_FALSE(contains(open("book", "patient").run(stored.volume()).provenance.notes, "order"));
  EXPECT_TRUE(contains(open("lung", "stored").run(stored.volume()).provenance.notes,
                       "in the stored order"));
}

TEST_F(VoxelOrderTest, TheCopyCountsAgainstTheMemoryLimit) {
  StoredOrder stored(chest_.volume(), {2, 1, 0}, {false, false, false});
  RunOptions options;
  options.max_memory_bytes = 2 * chest_.volume().shape().voxels() - 1;
  expect_error(ErrorCode::kResourceLimit, {"stage reorder", "the volume in the patient's order"},
               [&] { open("lung").run(stored.volume(), options); });
  expect_error(ErrorCode::kResourceLimit, {"stage reorder"},
               [&] { find_lung_field(stored.volume(), 1, options); });
}

TEST_F(VoxelOrderTest, RefusesWhatItDoesNotKnow) {
  expect_error(ErrorCode::kInvalidArgument, {"voxel order 'RAS'", "patient or stored"},
               [&] { open("lung", "RAS"); });
  const Pipeline pipeline = open("lung");
  StoredOrder stored(chest_.volume(), {2, 1, 0}, {false, false, false});
  const CtVolume volume = stored.volume();  // 100 x 90 x 40
  Candidate outside;
  outside.index = {39, 89, 99};
  expect_error(ErrorCode::kInvalidArgument, {"slice 39, row 89, column 99", "100 x 90 x 40"},
               [&] { pipeline.classify(volume, {outside}); });
  expect_error(ErrorCode::kInvalidArgument, {"slice 39, row 89, column 99", "100 x 90 x 40"},
               [&] { pipeline.nodule_input(volume, outside.index); });
  expect_error(ErrorCode::kInvalidArgument, {"no slice 40", "in the order that the networks see"},
               [&] { pipeline.segmentation_input(volume, 40); });
  expect_error(ErrorCode::kInvalidArgument, {"40 x 90 x 100", "100 x 90 x 40"},
               [&] { pipeline.group(volume, NoduleMask(chest_.volume().shape())); });
}

}  // namespace
}  // namespace lungrt
