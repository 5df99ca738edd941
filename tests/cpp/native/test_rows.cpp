#include "native/classifier/voxel_block.h"
#include "native/kernel_test.h"
#include "native/unet/run.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

/// A ring in memory of its own.
struct OwnRing : RowRing {
  OwnRing(int blocks, const Extent& extent, int pixel_stride)
      : OwnRing(AlignedBuffer(floats(blocks, extent, pixel_stride)), blocks, extent, pixel_stride) {
  }
  AlignedBuffer memory;

 private:
  OwnRing(AlignedBuffer own, int blocks, const Extent& extent, int pixel_stride)
      : RowRing(own.data(), blocks, extent, pixel_stride), memory(std::move(own)) {}
};

TEST(RowRing, KeepsTheLastRows) {
  constexpr int kKept = 5;
  OwnRing ring(2, {100, 9, kKept}, kBlock);
  EXPECT_EQ(ring.blocks(), 2);
  for (int y = 0; y < 23; ++y) {
    for (int b = 0; b < 2; ++b) ring.row(b, y)[0] = static_cast<float>(2 * y + b + 1);
    for (int kept = std::max(0, y - kKept + 1); kept <= y; ++kept) {
      for (int b = 0; b < 2; ++b) EXPECT_EQ(ring.row(b, kept)[0], 2 * kept + b + 1);
    }
  }
}

TEST(RowRing, RowsDoNotOverlapEvenWithTheirSlack) {
  for (const int stride : {kBlock / 2, kBlock}) {
    constexpr int kWidth = 7;
    OwnRing ring(3, {4, kWidth, 4}, stride);
    std::vector<std::pair<const float*, const float*>> rows;
    for (int y = 0; y < 4; ++y) {
      for (int b = 0; b < 3; ++b) {
        float* row = ring.row(b, y);
        // One pixel before the row may be read, kRowSlack pixels after it may be written.
        std::fill(row, row + (kWidth + kRowSlack) * stride, 1.0F);
        rows.emplace_back(row - stride, row + (kWidth + kRowSlack) * stride);
      }
    }
    std::sort(rows.begin(), rows.end());
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) EXPECT_LE(rows[i].second, rows[i + 1].first);
    for (int y = 0; y < 4; ++y) {
      for (int b = 0; b < 3; ++b) {
        for (int c = 1; c <= stride; ++c) EXPECT_EQ(ring.row(b, y)[-c], 0.0F);
      }
    }
  }
}

TEST(RowRing, ClearsThePixelAfterARow) {
  constexpr int kWidth = 3;
  OwnRing ring(2, {2, kWidth, 2}, kBlock);
  for (int b = 0; b < 2; ++b) {
    std::fill(ring.row(b, 1), ring.row(b, 1) + (kWidth + kRowSlack) * kBlock, 1.0F);
  }
  ring.clear_right_edge(1);
  for (int b = 0; b < 2; ++b) {
    for (int i = 0; i < (kWidth + kRowSlack) * kBlock; ++i) {
      EXPECT_EQ(ring.row(b, 1)[i], i / kBlock == kWidth ? 0.0F : 1.0F);
    }
  }
}

TEST(RowRing, OfANodeThatNobodyKeepsHasOneRow) {
  OwnRing ring(1, {8, 4, 0}, kBlock);
  EXPECT_EQ(ring.row(0, 3), ring.row(0, 7));
}

TEST(VoxelShape, CountsPlanesAndBlocks) {
  const VoxelShape blocks{20, 5, 6, 7, Packing::kBlocks};
  EXPECT_EQ(blocks.blocks(), 2);
  EXPECT_EQ(blocks.planes(), 5);
  EXPECT_EQ(blocks.pixel_stride(), kBlock);
  const VoxelShape pairs{8, 5, 6, 7, Packing::kPairs};
  EXPECT_EQ(pairs.blocks(), 1);
  EXPECT_EQ(pairs.planes(), 3);  // the last has one slice
  EXPECT_EQ(pairs.pixel_stride(), kBlock);
  const VoxelShape planar{1, 5, 6, 7, Packing::kPlanar};
  EXPECT_EQ(planar.blocks(), 1);
  EXPECT_EQ(planar.planes(), 5);
  EXPECT_EQ(planar.pixel_stride(), 1);
}

class VoxelBlocks : public ::testing::TestWithParam<Packing> {};
INSTANTIATE_TEST_SUITE_P(All, VoxelBlocks,
                         ::testing::Values(Packing::kPlanar, Packing::kBlocks, Packing::kPairs));

/// Even if every row is written with its slack, the border that others read must stay zero.
TEST_P(VoxelBlocks, HaveABorderOfZeros) {
  const VoxelShape shape{GetParam() == Packing::kBlocks ? 20 : 1, 3, 4, 5, GetParam()};
  VoxelBlock voxels(shape);
  const int stride = shape.pixel_stride();
  for (int b = 0; b < shape.blocks(); ++b) {
    for (int plane = 0; plane < shape.planes(); ++plane) {
      for (int y = 0; y < shape.height; ++y) {
        float* row = voxels.row(b, plane, y);
        std::fill(row, row + (shape.width + kRowSlack) * stride, 1.0F);
        voxels.clear_right_edge(b, plane, y);
      }
    }
  }
  for (int b = 0; b < shape.blocks(); ++b) {
    for (int plane = -1; plane <= shape.planes(); ++plane) {
      for (int y = -1; y <= shape.height; ++y) {
        const bool inside = plane >= 0 && plane < shape.planes() && y >= 0 && y < shape.height;
        for (int i = -stride; i < (shape.width + 1) * stride; ++i) {
          const bool pixel = inside && i >= 0 && i < shape.width * stride;
          ASSERT_EQ(voxels.row(b, plane, y)[i], pixel ? 1.0F : 0.0F)
              << "block " << b << ", plane " << plane << ", row " << y << ", float " << i;
        }
      }
    }
  }
}

TEST(VoxelBlock, ClearsTheSliceThatAnOddNumberLacks) {
  for (const int slices : {4, 5}) {
    const VoxelShape shape{8, slices, 2, 3, Packing::kPairs};
    VoxelBlock voxels(shape);
    for (int plane = 0; plane < shape.planes(); ++plane) {
      for (int y = 0; y < shape.height; ++y) {
        std::fill(voxels.row(0, plane, y), voxels.row(0, plane, y) + shape.width * kBlock, 1.0F);
      }
    }
    voxels.clear_missing_slice();
    for (int plane = 0; plane < shape.planes(); ++plane) {
      for (int i = 0; i < shape.width * kBlock; ++i) {
        const int slice = 2 * plane + i % kBlock / (kBlock / 2);
        EXPECT_EQ(voxels.row(0, plane, 1)[i], slice < slices ? 1.0F : 0.0F);
      }
    }
  }
  VoxelBlock whole(VoxelShape{16, 3, 1, 1, Packing::kBlocks});
  whole.row(0, 2, 0)[8] = 1;
  whole.clear_missing_slice();  // does nothing for this packing
  EXPECT_EQ(whole.row(0, 2, 0)[8], 1.0F);
}

}  // namespace
}  // namespace lungrt::native
