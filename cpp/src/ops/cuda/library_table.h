/// Interface of the CUDA core: a table of C functions, so that the core can be built and run
/// without CUDA, and no C++ type or exception passes between the libraries.
///
/// The library `liblungrt_cuda.so` exports `lungrt_cuda_table`. Functions that can fail return a
/// status and fill the text. A scan may be used by one thread at a time; its operations are
/// executed in the order of the calls, on its own CUDA stream. Only functions that say so wait for
/// the device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/library_status.h"

extern "C" {

/// Increased whenever the layout or meaning of anything below changes.
#define LUNGRT_CUDA_ABI 2

struct LungrtCudaShape {
  std::int64_t slices, rows, columns;
};

/// Window of a slice; may be the whole slice.
struct LungrtCudaWindow {
  std::int64_t first_row, first_column, rows, columns;
};

/// x = clamp(hu, low, high) * scale + offset, each operation rounded to float32.
struct LungrtCudaNormalization {
  float low, high, scale, offset;
};

/// Parameters of the segmentation network's input: consecutive slices with their neighbours.
struct LungrtCudaStack {
  std::int64_t first_slice, count;
  LungrtCudaWindow window;
  LungrtCudaNormalization normalization;
  std::int64_t context;        ///< neighbouring slices on each side
  std::int64_t halo;           ///< pixels of padding before the window's first row and column
  std::int64_t height, width;  ///< of the tensor, including halo and padding
  std::int32_t channels_last;  ///< 1: channels last
};

/// Probabilities of some slices, in device memory.
struct LungrtCudaProbabilities {
  const float* values;  ///< at the window's first pixel in the first slice
  std::int64_t row_stride, slice_stride;
  std::int64_t first_slice, count;
  LungrtCudaWindow window;
  float threshold;
};

/// Larger than every coordinate in a volume.
inline constexpr std::int64_t kLungrtCudaFar = std::int64_t{1} << 32;

/// Sums of one component: integers.
struct LungrtCudaComponent {
  std::int64_t voxels;
  std::int64_t weight;                       ///< sum of clamp(HU, -1000, 1000) + 1001
  std::int64_t by_slice, by_row, by_column;  ///< weighted sums of coordinates
  /// Bounding box: minimum of (coordinate - kLungrtCudaFar), and minimum of (-1 - coordinate).
  /// Every such value is negative, so sums that start at zero need no other initialisation.
  std::int64_t low_slice, low_row, low_column, high_slice, high_row, high_column;
  std::int64_t shell;  ///< background voxels that share a face with it, which a dilation adds
};

/// Volume on a device, its mask and working memory; can be loaded with one volume after another.
struct LungrtCudaScan;

struct LungrtCudaTable {
  std::uint32_t abi;         ///< LUNGRT_CUDA_ABI; read before anything else
  const char* core_version;  ///< LUNGRT_VERSION that it was built with

  /// Writes the version of its CUDA runtime to the text, e.g. "CUDA 13.0".
  void (*version)(LungrtText* text);
  /// \return the number of devices; if 0, the text is the reason
  std::int32_t (*device_count)(LungrtText* text);

  LungrtStatus (*open_scan)(std::int32_t device_index, LungrtCudaScan** scan, LungrtText* error);
  void (*close_scan)(LungrtCudaScan* scan);
  void* (*stream_of)(LungrtCudaScan* scan);

  /// Allocates memory for tensors, all zero, which any scan of the device may use.
  LungrtStatus (*allocate)(std::int32_t device_index, std::size_t bytes, void** memory,
                           LungrtText* error);
  void (*release)(std::int32_t device_index, void* memory);

  /// Copies a volume to the device and clears the mask. First checks that memory for both and for
  /// `tensor_bytes` more is free; otherwise returns kLungrtOutOfMemory and the numbers.
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

  /// Turns logits into probabilities in place: with a sigmoid for one class, else with a softmax.
  LungrtStatus (*activate)(LungrtCudaScan* scan, float* values, std::int64_t rows,
                           std::int64_t classes, LungrtText* error);
  LungrtStatus (*add)(LungrtCudaScan* scan, float* sum, const float* values, std::int64_t count,
                      LungrtText* error);
  LungrtStatus (*divide)(LungrtCudaScan* scan, float* values, float by, std::int64_t count,
                         LungrtText* error);

  /// Copies device memory to the host; waits.
  LungrtStatus (*read)(LungrtCudaScan* scan, void* host, const void* memory, std::size_t bytes,
                       LungrtText* error);
  /// Waits for all operations.
  LungrtStatus (*wait)(LungrtCudaScan* scan, LungrtText* error);

  /// First voxel whose probability was NaN since load(), in scan order, or -1; waits.
  LungrtStatus (*first_nan)(LungrtCudaScan* scan, std::int64_t* voxel, LungrtText* error);
  /// Copies the mask's words, in the layout of NoduleMask; waits.
  LungrtStatus (*read_mask)(LungrtCudaScan* scan, std::uint64_t* words, LungrtText* error);
  /// 6-connected components of the mask eroded once, in scan order of their first voxels; waits.
  /// The scan owns them; they are valid until its next call.
  LungrtStatus (*components)(LungrtCudaScan* scan, const LungrtCudaComponent** components,
                             std::int64_t* count, LungrtText* error);
  /// Sums of clamp(HU, -1024, 1000) over boxes of voxels, in host memory: ceil(size / factor) boxes
  /// along each axis, of which the last one may be smaller. Waits.
  LungrtStatus (*block_sums)(LungrtCudaScan* scan, const LungrtCudaShape* factors,
                             std::int32_t* sums, LungrtText* error);
};

using LungrtCudaTableFunction = const LungrtCudaTable* (*)();
}
