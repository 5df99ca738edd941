/// A U-Net of the family as the steps that its rows go through.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/algorithm.h"
#include "native/network_file.h"
#include "native/packing.h"

namespace lungrt::native {

/// Where a node's input comes from.
struct Edge {
  int node;
  int crop;  ///< rows and columns left out on each side
};

struct UnetNode {
  enum class Kind {
    kInput,
    kConvolution,    ///< 3 x 3, activation, batch norm
    kPool,           ///< 2 x 2
    kUpConvolution,  ///< 2 x 2 transposed
    kPointwise,      ///< 1 x 1
    kUpsample,       ///< bilinear, by two
    kProbability,
  };
  Kind kind = Kind::kInput;
  std::string name{};  ///< of the module of the eager network whose output this is; empty: of none
  int channels = 0;
  std::vector<Edge> inputs{};
  bool winograd = false;
  PackedProduct product{};
  int rows_per_step = 2;
};

/// Nodes in an order in which each comes after its inputs; the last one is the probability.
class UnetGraph {
 public:
  /// \throws Error kBadBundle where tensors do not fit the options
  UnetGraph(const UnetOptions& options, Tensors& tensors, Algorithm algorithm);

  const UnetOptions& options() const { return options_; }
  const std::vector<UnetNode>& nodes() const { return nodes_; }
  const UnetNode& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  /// Rows and columns that a padded convolution reads past each edge of its input.
  int padding() const { return options_.padding ? 1 : 0; }
  /// Pixels that the output is smaller than the slice, on each side.
  int halo() const;
  /// Rows and columns, less the halo, must be positive multiples of it.
  int size_multiple() const { return 1 << (options_.widths.size() - 1); }
  bool takes(std::int64_t height, std::int64_t width) const;
  /// Floats from one pixel of a node to the next.
  int pixel_stride(int index) const;

  const BatchNorm& input_norm() const { return input_norm_; }
  /// Of the 1 x 1 convolution before the probability: [output][block][16], [output].
  const float* last_weights() const { return last_weights_.data(); }
  const float* last_bias() const { return last_bias_.data(); }

 private:
  int add(UnetNode node);
  int convolution(const std::string& weights, const std::string& norm, const std::string& name,
                  std::vector<Edge> inputs, int channels, Tensors& tensors);
  int block(const std::string& name, std::vector<Edge> inputs, int channels, Tensors& tensors);
  int up_sampling(const std::string& name, int below, int channels, Tensors& tensors);
  void last(int below, Tensors& tensors);
  /// The channels of each block of the inputs, one after the other.
  std::vector<int> parts_of(const std::vector<Edge>& inputs) const;

  UnetOptions options_;
  Algorithm algorithm_;
  std::vector<UnetNode> nodes_;
  BatchNorm input_norm_;
  AlignedBuffer last_weights_;
  std::vector<float> last_bias_;
};

}  // namespace lungrt::native
