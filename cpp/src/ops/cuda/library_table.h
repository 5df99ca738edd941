/// What the CUDA library exports: a table of C functions, so that the core needs no CUDA to be
/// built or run, and no C++ type or exception crosses.
///
/// The library `liblungrt_cuda.so` exports `lungrt_cuda_table`. Functions that can fail return a
/// status and fill the text. A scan may be used by one thread at a time; what is done to it happens
/// in the order of the calls, on a stream of its own. Only functions that say so wait for the
/// device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/library_status.h"

extern "C" {

/// Raised whenever anything below changes.
#define LUNGRT_CUDA_ABI 2

struct LungrtCudaShape {
  std::int64_t slices, rows, columns;
};

/// Rows and columns of a slice that are looked at; the whole slice is one case.
struct LungrtCudaWindow {
  std::int64_t first_row, first_column, rows, columns;
};

/// x = clamp(hu, low, high) * scale + offset, each operation rounded to float32.
struct LungrtCudaNormalization {
  float low, high, scale, offset;
};

/// Slices with their neighbours, as the segmentation network wants them.
struct LungrtCudaStack {
  std::int64_t first_slice, count;
  LungrtCudaWindow window;
  LungrtCudaNormalization normalization;
  std::int64_t context;        ///< slices on each side
  std::int64_t halo;           ///< pixels before the window's first row and column
  std::int64_t height, width;  ///< of the tensor, halo and padding included
  std::int32_t channels_last;  ///< 1: channels last
};

/// Probabilities of some slices, in device memory.
struct LungrtCudaProbabilities {
  const float* values;  ///< of the window's first pixel in the first slice
  std::int64_t row_stride, slice_stride;
  std::int64_t first_slice, count;
  LungrtCudaWindow window;
  float threshold;
};

/// Beyond every place in a volume.
inline constexpr std::int64_t kLungrtCudaFar = std::int64_t{1} << 32;

/// Sums of one component: whole numbers.
struct LungrtCudaComponent {
  std::int64_t voxels;
  std::int64_t weight;                       ///< of clamp(HU, -1000, 1000) + 1001
  std::int64_t by_slice, by_row, by_column;  ///< weighted places
  /// Box: least place - kLungrtCudaFar, and least of -1 - place, so that zero is above all.
  std::int64_t low_slice, low_row, low_column, high_slice, high_row, high_column;
  std::int64_t shell;  ///< voxels outside that share a face with it: what a dilation adds
};

/// A volume on a device and what was made of it, with its memory: kept between volumes.
struct LungrtCudaScan;

struct LungrtCudaTable {
  std::uint32_t abi;         ///< LUNGRT_CUDA_ABI; read before anything else
  const char* core_version;  ///< LUNGRT_VERSION it was built with

  /// Tells the runtime in it, e.g. "CUDA 13.0".
  void (*version)(LungrtText* text);
  /// \return how many devices there are; for none, the text says why
  std::int32_t (*device_count)(LungrtText* text);

  LungrtStatus (*open_scan)(std::int32_t device_index, LungrtCudaScan** scan, LungrtText* error);
  void (*close_scan)(LungrtCudaScan* scan);
  void* (*stream_of)(LungrtCudaScan* scan);

  /// Memory for tensors, all zero; it may be used by any scan of the device.
  LungrtStatus (*allocate)(std::int32_t device_index, std::size_t bytes, void** memory,
                           LungrtText* error);
  void (*release)(std::int32_t device_index, void* memory);

  /// Brings a volume to the device and empties the mask. Before that, memory for both and for
  /// `tensor_bytes` more must be free: kLungrtOutOfMemory with the numbers where it is not.
  LungrtStatus (*load)(LungrtCudaScan* scan, const std::int16_t* hu, const LungrtCudaShape* shape,
                       std::int64_t tensor_bytes, LungrtText* error);

  LungrtStatus (*stack_context)(LungrtCudaScan* scan, const LungrtCudaStack* stack, float* output,
                                LungrtText* error);
  LungrtStatus (*threshold)(LungrtCudaScan* scan, const LungrtCudaProbabilities* probabilities,
                            LungrtText* error);
  /// \param origins  slice, row, column of each crop's first voxel, in host memory
  LungrtStatus (*gather_crops)(LungrtCudaScan* scan, const std::int64_t* origins,
                               std::int64_t count, const LungrtCudaShape* crop,
                               const LungrtCudaNormalization* normalization, float* output,
                               LungrtText* error);

  /// Logits to probabilities, in place: of one class a sigmoid, of several a softmax.
  LungrtStatus (*activate)(LungrtCudaScan* scan, float* values, std::int64_t rows,
                           std::int64_t classes, LungrtText* error);
  LungrtStatus (*add)(LungrtCudaScan* scan, float* sum, const float* values, std::int64_t count,
                      LungrtText* error);
  LungrtStatus (*divide)(LungrtCudaScan* scan, float* values, float by, std::int64_t count,
                         LungrtText* error);

  /// Copies device memory to the host; waits.
  LungrtStatus (*read)(LungrtCudaScan* scan, void* host, const void* memory, std::size_t bytes,
                       LungrtText* error);
  /// Waits for everything.
  LungrtStatus (*wait)(LungrtCudaScan* scan, LungrtText* error);

  /// First voxel whose probability was NaN since load(), in scan order, or -1; waits.
  LungrtStatus (*first_nan)(LungrtCudaScan* scan, std::int64_t* voxel, LungrtText* error);
  /// The mask's words, laid out as NoduleMask has them; waits.
  LungrtStatus (*read_mask)(LungrtCudaScan* scan, std::uint64_t* words, LungrtText* error);
  /// 6-connected components of the mask eroded once, in scan order of their first voxels; waits.
  /// They are the scan's and last until its next call.
  LungrtStatus (*components)(LungrtCudaScan* scan, const LungrtCudaComponent** components,
                             std::int64_t* count, LungrtText* error);
  /// Sums of clamp(HU, -1024, 1000) over boxes of voxels, of fewer at the ends of the axes; in host
  /// memory, ceil(size / factor) values an axis. Waits.
  LungrtStatus (*block_sums)(LungrtCudaScan* scan, const LungrtCudaShape* factors,
                             std::int32_t* sums, LungrtText* error);
};

using LungrtCudaTableFunction = const LungrtCudaTable* (*)();
}
