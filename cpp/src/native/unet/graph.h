/// Graph of a U-Net: the operations on its rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "native/network_file.h"
#include "native/packing.h"

namespace lungrt::native {

/// Input of a node.
struct Edge {
  int node;
  int crop;  ///< rows and columns that are cropped on each side
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
  std::string name{};  ///< module of the eager network with this output; empty: none
  int channels = 0;
  std::vector<Edge> inputs{};
  bool winograd = false;
  PackedProduct product{};
  int rows_per_step = 2;
};

/// Nodes in topological order; the last one is the probability.
class UnetGraph {
 public:
  /// \throws Error kBadBundle where the tensors do not fit the options
  UnetGraph(const UnetOptions& options, Tensors& tensors, Algorithm algorithm);

  const UnetOptions& options() const { return options_; }
  const std::vector<UnetNode>& nodes() const { return nodes_; }
  const UnetNode& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  /// Number of rows and columns that a convolution reads beyond each edge of its input.
  int padding() const { return options_.padding ? 1 : 0; }
  /// Number of pixels by which the output is smaller than the input, on each side.
  int halo() const;
  /// Height and width of the input, without the halo, must be positive multiples of this.
  int size_multiple() const { return 1 << (options_.widths.size() - 1); }
  /// Whether the network accepts an input of this size.
  bool takes(std::int64_t height, std::int64_t width) const;
  /// Number of floats from one pixel of a node's output to the next.
  int pixel_stride(int index) const;

  const BatchNorm& input_norm() const { return input_norm_; }
  /// Weights, [output][block][16], and bias, [output], of the 1 x 1 convolution before the
  /// probability.
  const float* last_weights() const { return last_weights_.data(); }
  const float* last_bias() const { return last_bias_.data(); }

 private:
  int add(UnetNode node);
  int convolution(const std::string& weights, const std::string& norm, const std::string& name,
                  std::vector<Edge> inputs, int channels, Tensors& tensors);
  /// Two convolutions with the numbers of channels at `widths` and after it.
  int block(const std::string& name, std::vector<Edge> inputs, const int* widths, Tensors& tensors);
  int up_sampling(const std::string& name, int below, int channels, Tensors& tensors);
  void last(int below, Tensors& tensors);
  /// Number of channels of each block of the inputs, one input after the other.
  std::vector<int> parts_of(const std::vector<Edge>& inputs) const;

  UnetOptions options_;
  Algorithm algorithm_;
  std::vector<UnetNode> nodes_;
  BatchNorm input_norm_;
  AlignedBuffer last_weights_;
  std::vector<float> last_bias_;
};

}  // namespace lungrt::native
