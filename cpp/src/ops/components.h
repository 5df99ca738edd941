/// Erosion, connected components and their centres of mass over bit masks, in time and memory
/// proportional to the runs of set voxels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lungrt/mask.h"
#include "lungrt/volume.h"

namespace lungrt::ops {

/// One row of the mask eroded with the 6-neighbour cross; outside counts as background.
/// \param row_bits  mask.words_per_row() words, written
/// \return whether any bit is set
bool erode_row(const NoduleMask& mask, std::int64_t slice, std::int64_t row,
               std::uint64_t* row_bits);

/// A stretch [begin, end) of set voxels in one row.
struct Run {
  std::int32_t slice, row, begin, end;
  std::int32_t component;  ///< 0-based, in scan order of the components' first voxels
};

/// Every set voxel of a mask, by 6-connected component.
struct LabelledRuns {
  std::vector<Run> runs;   ///< in scan order
  std::int32_t count = 0;  ///< of components
  std::int64_t voxels = 0;
};

/// Runs of the mask after one erosion, which are counted without keeping any.
std::int64_t count_eroded_runs(const NoduleMask& mask);
/// What eroded_components() takes at most for each of them: a run and the copies that growing and
/// sorting make of it, and all that there is of a component, of which there are fewer.
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
  VoxelIndex first, last;  ///< box around it, inclusive
  /// Voxels of the component dilated by the 6-neighbour cross: what the erosion took is given back.
  std::int64_t dilated_voxels = 0;
};

struct Components {
  std::vector<Component> components;  ///< in scan order of their first voxel
  std::int64_t voxels = 0;            ///< set voxels of the eroded mask
};

/// \throws Error kResourceLimit where the sums of the centres could overflow: a volume far larger
/// and
///                              longer than any CT
void require_exact_moments(const VolumeShape& shape);

/// Components of the mask after one erosion.
/// \throws Error kInvalidArgument where mask and volume differ in shape
/// \throws Error as require_exact_moments
Components eroded_components(const NoduleMask& mask, const CtVolume& volume);

}  // namespace lungrt::ops
