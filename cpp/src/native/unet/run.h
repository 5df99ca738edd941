/// Runs of a U-Net on slices of one size.
#pragma once

#include <cstdint>
#include <vector>

#include "native/aligned_buffer.h"
#include "native/kernels.h"
#include "native/trace.h"
#include "native/unet/graph.h"
#include "native/unet/row_ring.h"
#include "native/unet/schedule.h"

namespace lungrt::native {

/// Runs a U-Net on one slice at a time, in memory that is allocated once.
class UnetRun {
 public:
  /// The graph must outlive this object.
  /// \pre graph.takes(height, width)
  UnetRun(const UnetGraph& graph, const Kernels& kernels, int height, int width);

  /// \param slice        [height][width][channels]
  /// \param probability  output, [height - 2 halo][width - 2 halo]
  /// \param trace        receives the output of each layer; may be null
  void run(const float* slice, float* probability, Trace* trace = nullptr);

  /// Bytes of the memory for slices of this size, without allocating it: kept rows and the buffers
  /// of convolutions.
  static std::int64_t bytes(const UnetGraph& graph, const Kernels& kernels, int height, int width);

  int height() const { return height_; }
  int width() const { return width_; }

 private:
  /// Sizes of the parts of a run's memory, in floats, and of the arguments of kernels.
  struct Sizes {
    Sizes(const UnetGraph& graph, const UnetSchedule& schedule, const Kernels& kernels);
    std::size_t total() const;

    std::vector<std::size_t> rings{};
    std::size_t row = 0, transformed = 0, sums = 0;
    std::size_t parts = 1;       ///< most blocks of channels that a node reads
    std::size_t out_blocks = 1;  ///< most blocks of channels that a node writes
  };

  void execute(const Step& step, const float* slice, float* probability);
  void normalise(const Step& step, const float* slice);
  void convolve(const Step& step);
  /// Convolves one strip or, for an input with few channels, two strips that share the lanes.
  void convolve_strips(const UnetNode& node, const Step& step);
  void convolve_row(const UnetNode& node, int index, int y);
  void pool(const Step& step, int y);
  void up_convolve(const Step& step);
  void pointwise(const Step& step, int y);
  void upsample(const Step& step, int y);
  void write_probability(const Step& step, int y, float* probability);
  void record(const Step& step, Trace& trace);

  /// Row of an input, or zeros where there is none.
  const float* input_row(int node, int block, int y);
  /// Row of a node's output, or an unused row past its last one.
  float* output_row(int node, int block, int y);
  RowRing& ring(int node) { return rings_[static_cast<std::size_t>(node)]; }
  const Extent& extent(int node) const { return schedule_.extent(node); }

  const UnetGraph& graph_;
  const Kernels& kernels_;
  int height_, width_;
  UnetSchedule schedule_;
  /// All of a run's floats in one piece, so that huge pages hold them.
  AlignedBuffer memory_;
  std::vector<RowRing> rings_;
  float *zeros_, *unused_row_, *transformed_, *sums_;
  // Arguments of kernels, kept so that a run does not allocate.
  std::vector<const float*> in_rows_;
  std::vector<float*> out_rows_;
  std::vector<Segment> segments_;
};

}  // namespace lungrt::native
