/// Runs a U-Net on slices of one size.
#pragma once

#include <vector>

#include "native/aligned_buffer.h"
#include "native/kernels.h"
#include "native/trace.h"
#include "native/unet_graph.h"
#include "native/unet_schedule.h"

namespace lungrt::native {

/// The rows of a node that are kept: a new one takes the place of the oldest.
class RowRing {
 public:
  RowRing(int blocks, const Extent& extent, int pixel_stride);

  /// Pixel 0 of a row; one pixel before it, and kRowSlack pixels after it, may be read.
  float* row(int block, int y) {
    const auto slot = static_cast<std::size_t>((y % capacity_) * blocks_ + block);
    return buffer_.data() + slot * row_floats_ + static_cast<std::size_t>(pixel_stride_);
  }
  /// Clears the pixel after the last of a row: the zero that a padded convolution reads there.
  void clear_right_edge(int y);
  int blocks() const { return blocks_; }

 private:
  int blocks_;
  int capacity_;
  int width_;
  int pixel_stride_;
  std::size_t row_floats_;
  AlignedBuffer buffer_;
};

/// Memory for one slice at a time, allocated once.
class UnetRun {
 public:
  /// The graph must outlive it. \pre the network takes slices of this size
  UnetRun(const UnetGraph& graph, const Kernels& kernels, int height, int width);

  /// \param slice        [height][width][channels]
  /// \param probability  [height - 2 halo][width - 2 halo]
  /// \param trace        where to write each layer's output, or null
  void run(const float* slice, float* probability, Trace* trace = nullptr);

  int height() const { return height_; }
  int width() const { return width_; }

 private:
  void execute(const Step& step, const float* slice, float* probability);
  void normalise(const Step& step, const float* slice);
  void convolve(const Step& step);
  void convolve_strip(const UnetNode& node, const Step& step);
  void convolve_pair_of_strips(const UnetNode& node, const Step& step);
  void convolve_row(const UnetNode& node, int index, int y);
  void pool(const Step& step, int y);
  void up_convolve(const Step& step);
  void pointwise(const Step& step, int y);
  void upsample(const Step& step, int y);
  void write_probability(const Step& step, int y, float* probability);
  void record(const Step& step, Trace& trace);

  /// A row of an input, or zeros where there is none.
  const float* input_row(int node, int block, int y);
  /// A row of a node, or one that nobody reads past its last.
  float* output_row(int node, int block, int y);
  RowRing& ring(int node) { return rings_[static_cast<std::size_t>(node)]; }
  const Extent& extent(int node) const { return schedule_.extent(node); }

  const UnetGraph& graph_;
  const Kernels& kernels_;
  int height_, width_;
  UnetSchedule schedule_;
  std::vector<RowRing> rings_;
  AlignedBuffer zeros_, unused_row_;
  AlignedBuffer transformed_, sums_;
  // Pointers that kernels take, kept so that nothing is allocated in a run.
  std::vector<const float*> in_rows_;
  std::vector<float*> out_rows_;
  std::vector<Segment> segments_;
};

}  // namespace lungrt::native
