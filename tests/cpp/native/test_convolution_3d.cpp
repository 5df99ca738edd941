#include <array>

#include "native/classifier/convolution_3d.h"
#include "native/kernel_test.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

/// Value of an activation, whatever its packing.
float& at(VoxelBlock& voxels, int channel, int z, int y, int x) {
  const VoxelShape& shape = voxels.shape();
  if (shape.packing == Packing::kPairs) {
    return voxels.row(0, z / 2, y)[x * kBlock + z % 2 * (kBlock / 2) + channel];
  }
  return voxels.row(channel / kBlock, z, y)[x * shape.pixel_stride() + channel % kBlock];
}

/// Sizes in the order slices, rows, columns.
using Sizes = std::array<int, 3>;

struct Case {
  int in_channels;
  Packing in_packing;
  int out_channels;
  Packing out_packing;
  bool pooled;
};

class Convolution3dTest : public KernelTest {
 protected:
  void check(const Case& wanted, const Sizes& sizes, Algorithm algorithm) {
    SCOPED_TRACE(::testing::Message()
                 << wanted.in_channels << " to " << wanted.out_channels << " channels, " << sizes[0]
                 << " x " << sizes[1] << " x " << sizes[2]
                 << (algorithm == Algorithm::kWinograd ? ", Winograd" : ", direct")
                 << (wanted.pooled ? ", pooled" : ""));
    const VoxelShape in{wanted.in_channels, sizes[0], sizes[1], sizes[2], wanted.in_packing};
    const VoxelShape out{wanted.out_channels, sizes[0], sizes[1], sizes[2], wanted.out_packing};
    if (wanted.pooled && !Convolution3d::uses_winograd(in, out, algorithm)) return;
    const std::vector<float> weight =
        random_.values(size_of(wanted.out_channels * wanted.in_channels * 27));
    const std::vector<float> bias = random_.values(size_of(wanted.out_channels));
    const Convolution3d convolution(in, out, weight, bias, Activation::kLeakyRelu, algorithm,
                                    wanted.pooled);
    VoxelBlock input(in);
    for (int c = 0; c < in.channels; ++c) {
      for (int z = 0; z < in.slices; ++z) {
        for (int y = 0; y < in.height; ++y) {
          for (int x = 0; x < in.width; ++x) at(input, c, z, y, x) = random_.uniform(-1, 1);
        }
      }
    }
    const VoxelShape written =
        wanted.pooled ? VoxelShape{out.channels, out.slices / 2, out.height / 2, out.width / 2}
                      : out;
    VoxelBlock output(written);
    ConvolutionScratch scratch;
    convolution.prepare(scratch, kernels());
    convolution.run(kernels(), input, output, scratch);
    const bool winograd = Convolution3d::uses_winograd(in, out, algorithm);
    expect_result(input, output, weight, bias, winograd, wanted.pooled);
    expect_border(output);
  }

 private:
  void expect_result(VoxelBlock& input, VoxelBlock& output, const std::vector<float>& weight,
                     const std::vector<float>& bias, bool winograd, bool pooled) {
    const VoxelShape& shape = output.shape();
    const int step = pooled ? 2 : 1;
    const float no[kBlock] = {};
    const float one[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const Epilogue epilogue{no, one, no, Activation::kLeakyRelu};
    for (int o = 0; o < shape.channels; ++o) {
      for (int z = 0; z < shape.slices; ++z) {
        for (int y = 0; y < shape.height; ++y) {
          for (int x = 0; x < shape.width; ++x) {
            Expected largest{-INFINITY, 0};
            for (int k = 0; k < step * step * step; ++k) {
              const Expected sum = sum_at(input, weight, bias, o, step * z + k / 4,
                                          step * y + k / 2 % 2, step * x + k % 2, winograd);
              const Expected value = after_epilogue(sum, epilogue, 0);
              largest = {std::max(largest.value, value.value),
                         std::max(largest.bound, value.bound)};
            }
            const float found = at(output, o, z, y, x);
            if (!(std::abs(found - largest.value) <= largest.bound)) {
              FAIL() << "channel " << o << " at " << z << ", " << y << ", " << x << ": " << found
                     << ", expected " << largest.value << " within " << largest.bound;
            }
          }
        }
      }
    }
  }

  static Expected sum_at(VoxelBlock& input, const std::vector<float>& weight,
                         const std::vector<float>& bias, int o, int z, int y, int x,
                         bool winograd) {
    const VoxelShape& in = input.shape();
    double sum = bias[size_of(o)];
    double magnitude = std::abs(sum);
    const float* kernel = weight.data() + o * in.channels * 27;
    for (int c = 0; c < in.channels; ++c) {
      for (int k = 0; k < 27; ++k, ++kernel) {
        const int from_z = z + k / 9 - 1;
        const int from_y = y + k / 3 % 3 - 1;
        const int from_x = x + k % 3 - 1;
        if (from_z < 0 || from_z >= in.slices || from_y < 0 || from_y >= in.height || from_x < 0 ||
            from_x >= in.width) {
          continue;
        }
        const double term = double{*kernel} * at(input, c, from_z, from_y, from_x);
        sum += term;
        magnitude += std::abs(term);
      }
    }
    const int terms = in.channels * 27;
    if (!winograd) return {sum, (terms + 2) * kRounding * magnitude};
    // Values and weights are at most 1 here. The transform of the input is then at most 10 x 10,
    // that of a kernel at most 1, and the transform back adds at most 19 x 19 of these. They partly
    // cancel, so errors stay below a hundredth of the worst case. Rounding errors as in
    // test_winograd.
    const double most = 100.0 * 361 * in.channels * 3;
    return {sum, (terms / 9 + 32) * kRounding * most / 100};
  }

  /// Checks that the border that the next layer reads, and channels that do not exist, are zero.
  static void expect_border(VoxelBlock& output) {
    const VoxelShape& shape = output.shape();
    const int stride = shape.pixel_stride();
    for (int b = 0; b < shape.blocks(); ++b) {
      for (int plane = -1; plane <= shape.planes(); ++plane) {
        for (int y = -1; y <= shape.height; ++y) {
          const bool row = plane >= 0 && plane < shape.planes() && y >= 0 && y < shape.height;
          for (int i = -stride; i < (shape.width + 1) * stride; ++i) {
            const int lane = (i + stride) % stride;
            const bool pairs = shape.packing == Packing::kPairs;
            const bool channel =
                pairs ? lane % 8 < shape.channels && 2 * plane + lane / 8 < shape.slices
                      : lane < channels_of_block(shape.channels, b);
            if (row && i >= 0 && i < shape.width * stride && channel) continue;
            ASSERT_EQ(output.row(b, plane, y)[i], 0.0F)
                << "block " << b << ", plane " << plane << ", row " << y << ", float " << i;
          }
        }
      }
    }
  }

  Random random_{1};
};
INSTANTIATE_TEST_SUITE_P(All, Convolution3dTest, every_table(), name_of);

constexpr Case kCases[] = {
    {1, Packing::kPlanar, 3, Packing::kPairs, false},
    {1, Packing::kPlanar, 9, Packing::kBlocks, false},
    {8, Packing::kPairs, 8, Packing::kPairs, false},
    {3, Packing::kPairs, 3, Packing::kPairs, true},
    {5, Packing::kBlocks, 8, Packing::kPairs, false},
    {17, Packing::kBlocks, 2, Packing::kPairs, false},
    {9, Packing::kBlocks, 18, Packing::kBlocks, false},
};

TEST_P(Convolution3dTest, IsRightInEveryPackingAndSize) {
  constexpr Sizes kSizes[] = {{2, 2, 2}, {3, 5, 6}, {4, 6, 5}, {5, 9, 11}, {1, 8, 7}, {2, 3, 17}};
  for (const Algorithm algorithm : {Algorithm::kWinograd, Algorithm::kDirect}) {
    for (const Case& one : kCases) {
      for (const Sizes& sizes : kSizes) {
        check(one, sizes, algorithm);
        if (HasFailure()) return;
      }
    }
  }
}

/// More tiles than are processed together: several groups of strips.
TEST_P(Convolution3dTest, IsRightOverManyStrips) {
  check({8, Packing::kPairs, 8, Packing::kPairs, true}, {5, 21, 40}, Algorithm::kWinograd);
  check({20, Packing::kBlocks, 4, Packing::kPairs, false}, {7, 22, 18}, Algorithm::kWinograd);
  check({16, Packing::kBlocks, 16, Packing::kBlocks, false}, {6, 23, 25}, Algorithm::kWinograd);
}

TEST(Convolution3d, IsComputedByWinogradWhereItPays) {
  const VoxelShape planar{1, 4, 16, 16, Packing::kPlanar};
  const VoxelShape blocks{16, 4, 16, 16, Packing::kBlocks};
  const VoxelShape narrow{16, 4, 16, 3, Packing::kBlocks};
  EXPECT_TRUE(Convolution3d::uses_winograd(blocks, blocks, Algorithm::kWinograd));
  EXPECT_FALSE(Convolution3d::uses_winograd(blocks, blocks, Algorithm::kDirect));
  EXPECT_FALSE(Convolution3d::uses_winograd(planar, blocks, Algorithm::kWinograd));
  EXPECT_FALSE(Convolution3d::uses_winograd(narrow, narrow, Algorithm::kWinograd));
}

}  // namespace
}  // namespace lungrt::native
