/// Erosion, connected components and centres of mass of bit masks, with time and memory
/// proportional to the number of runs of set voxels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lungrt/mask.h"
#include "lungrt/volume.h"

namespace lungrt::ops {

/// Erodes one row of the mask with the 6-neighbour cross; voxels outside of the volume count as
/// background.
/// \param row_bits  output, mask.words_per_row() words
/// \return whether any bit is set
bool erode_row(const NoduleMask& mask, std::int64_t slice, std::int64_t row,
               std::uint64_t* row_bits);

/// Run: a maximal interval [begin, end) of set voxels in one row.
struct Run {
  std::int32_t slice, row, begin, end;
  std::int32_t component;  ///< number from 0, in scan order of the components' first voxels
};

/// All set voxels of a mask, by 6-connected component.
struct LabelledRuns {
  std::vector<Run> runs;   ///< in scan order
  std::int32_t count = 0;  ///< of components
  std::int64_t voxels = 0;
};

/// Counts the runs of the mask after one erosion, without storing them.
std::int64_t count_eroded_runs(const NoduleMask& mask);
/// Upper bound of the memory of eroded_components() per run, in bytes: the run, its copies while
/// lists grow and are sorted, and the data of components, of which there are at most as many.
inline constexpr std::int64_t kBytesPerRun = 256;

/// Components of the mask as it is.
LabelledRuns label_runs(const NoduleMask& mask);
/// Components of the mask after one erosion.
LabelledRuns label_eroded_runs(const NoduleMask& mask);

/// One 6-connected component.
struct Component {
  std::int64_t voxels = 0;
  /// Centre of mass (slice, row, column) with weights clamp(HU, -1000, 1000) + 1001, float64.
  std::array<double, 3> center{};
  VoxelIndex first, last;  ///< bounding box, inclusive
  /// Voxels of the component dilated by the 6-neighbour cross, which makes up for the erosion.
  std::int64_t dilated_voxels = 0;
};

struct Components {
  std::vector<Component> components;  ///< in scan order of their first voxel
  std::int64_t voxels = 0;            ///< set voxels of the eroded mask
};

/// Checks that the integer sums of the centres of mass cannot overflow.
/// \throws Error kResourceLimit where they could, in a volume far larger than any CT
void require_exact_moments(const VolumeShape& shape);

/// Components of the mask after one erosion.
/// \throws Error kInvalidArgument where mask and volume differ in shape
/// \throws Error as require_exact_moments
Components eroded_components(const NoduleMask& mask, const CtVolume& volume);

}  // namespace lungrt::ops
