#include "stages/group.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/components.h"

namespace lungrt {
namespace {

double sphere_diameter(double volume_mm3) { return std::cbrt(6.0 * volume_mm3 / std::numbers::pi); }

/// Box around the component dilated by the 6-neighbour cross. The component was eroded with the
/// same cross, so the dilated one lies within the mask and therefore within the volume.
VoxelBox opening_box(const ops::Component& component) {
  const VoxelIndex &first = component.first, &last = component.last;
  return {{first.slice - 1, first.row - 1, first.column - 1},
          {last.slice + 1, last.row + 1, last.column + 1}};
}

struct Placed {
  Vec3 world_mm;  ///< of the centre before rounding
  const ops::Component* component;
};

/// Nearest voxel to a component's centre. The true inverse would only add rounding errors of the
/// way to the world and back, which decide about centres halfway between two voxels: differently
/// for each place that the origin of a volume may have. The book's inverse is part of its results.
VoxelIndex nearest_voxel(const Geometry& geometry, const Placed& place, InverseTransform inverse) {
  if (inverse == InverseTransform::kBook) return geometry.to_index(place.world_mm, inverse);
  const auto nearest = [&](std::size_t axis) {  // half to even
    return static_cast<std::int64_t>(std::nearbyint(place.component->center[axis]));
  };
  return {nearest(0), nearest(1), nearest(2)};
}

GroupResult candidates_of(const CtVolume& volume, const ops::Components& found,
                          InverseTransform inverse) {
  const Geometry& geometry = volume.geometry();

  std::vector<Placed> placed;
  placed.reserve(found.components.size());
  for (const ops::Component& component : found.components) {
    placed.push_back({geometry.to_world(component.center), &component});
  }
  // Parity includes the order of the list: ascending by (x, y, z), ties in scan order.
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.world_mm < b.world_mm; });

  GroupResult result;
  result.mask_voxels = found.voxels;
  result.candidates.reserve(placed.size());
  for (const Placed& place : placed) {
    Candidate candidate;
    candidate.index = nearest_voxel(geometry, place, inverse);
    if (!volume.shape().contains(candidate.index)) {
      throw Error(
          ErrorCode::kBadVolume,
          "candidate at (slice, row, column) = " + text::vector3(place.component->center) +
              ", world " + text::vector3(place.world_mm) + " mm, maps back to voxel " +
              text::place(candidate.index) +
              ", which lies outside of the volume: the book's inverse transform is wrong for "
              "oblique scans; use geometry 'exact', the true inverse, as profile 'lung' does");
    }
    candidate.center_mm = geometry.to_world(candidate.index);
    candidate.volume_mm3 =
        static_cast<double>(place.component->dilated_voxels) * geometry.voxel_volume_mm3();
    candidate.diameter_mm = sphere_diameter(candidate.volume_mm3);
    candidate.box = opening_box(*place.component);
    candidate.extent_mm = geometry.extent_mm(candidate.box);
    result.candidates.push_back(candidate);
    result.components.push_back(
        static_cast<std::int32_t>(place.component - found.components.data()));
  }
  return result;
}

}  // namespace

void require_same_shape(const CtVolume& volume, const NoduleMask& mask) {
  if (!(mask.shape() == volume.shape())) {
    throw Error(ErrorCode::kInvalidArgument,
                "the mask has " + text::extent(mask.shape()) + " voxels, the volume " +
                    text::extent(volume.shape()) + " (slices x rows x columns); expected the same");
  }
}

GroupResult group_candidates(const CtVolume& volume, const NoduleMask& mask,
                             InverseTransform inverse) {
  require_same_shape(volume, mask);
  return candidates_of(volume, ops::eroded_components(mask, volume), inverse);
}

GroupResult group_candidates(PlacedScan& scan, InverseTransform inverse) {
  return candidates_of(scan.volume(), scan.eroded_components(), inverse);
}

std::int64_t grouping_bytes(const NoduleMask& mask) {
  return ops::count_eroded_runs(mask) * ops::kBytesPerRun;
}

void keep_in_field(const ops::CellField& field, GroupResult& groups) {
  GroupResult kept;
  kept.mask_voxels = groups.mask_voxels;
  for (std::size_t i = 0; i < groups.candidates.size(); ++i) {
    if (!field.contains(groups.candidates[i].index)) continue;
    kept.candidates.push_back(groups.candidates[i]);
    kept.components.push_back(groups.components[i]);
  }
  groups = std::move(kept);
}

LabelVolume label_candidates(const NoduleMask& mask, const GroupResult& groups,
                             const ops::AxisOrder& order) {
  const ops::LabelledRuns labelled = ops::label_eroded_runs(mask);
  std::vector<std::int32_t> label_of(static_cast<std::size_t>(labelled.count), 0);
  for (std::size_t i = 0; i < groups.components.size(); ++i) {
    label_of[static_cast<std::size_t>(groups.components[i])] = static_cast<std::int32_t>(i + 1);
  }
  const VolumeShape& shape = order.stored_shape();
  LabelVolume result{shape, static_cast<std::int32_t>(groups.components.size()), {}};
  result.labels.assign(static_cast<std::size_t>(shape.voxels()), 0);
  for (const ops::Run& run : labelled.runs) {
    std::int32_t* voxel =
        result.labels.data() + order.stored_offset({run.slice, run.row, run.begin});
    const std::int32_t label = label_of[static_cast<std::size_t>(run.component)];
    for (std::int64_t c = run.begin; c < run.end; ++c, voxel += order.stored_column_step()) {
      *voxel = label;
    }
  }
  return result;
}

NoduleMask mask_of(const LabelVolume& labels) {
  const VolumeShape& shape = labels.shape;
  NoduleMask mask(shape);
  const std::int32_t* label = labels.labels.data();
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    for (std::int64_t row = 0; row < shape.rows; ++row, label += shape.columns) {
      std::uint64_t* words = mask.row(slice, row);
      for (std::int64_t c = 0; c < shape.columns; ++c) {
        words[c / 64] |= std::uint64_t{label[c] != 0} << (c % 64);
      }
    }
  }
  return mask;
}

std::shared_ptr<const RunMasks> keep_masks(PlacedScan& scan, const GroupResult& groups,
                                           const std::optional<ops::CellField>& field,
                                           const OrderedVolume& ordered,
                                           const RunControl& control) {
  const VolumeShape& shape = scan.volume().shape();
  // Of each mask that is put back there are two for a moment.
  const std::int64_t mask_count = ordered.is_copy() ? 5 : 4;
  const RunControl::Memory memory =
      control.hold("classify", "the masks kept in the report",
                   mask_count * std::max(mask_bytes(shape), mask_bytes(ordered.stored().shape())) +
                       shape.voxels() * static_cast<std::int64_t>(sizeof(std::int32_t)) +
                       (control.limits_memory() ? scan.grouping_bytes() : 0));
  auto masks = std::make_shared<RunMasks>();
  masks->lung_field = ordered.put_back(field.value_or(ops::CellField(shape)).to_mask());
  control.check("classify");
  NoduleMask mask = scan.mask();
  masks->labels = label_candidates(mask, groups, ordered.order());
  masks->mask = ordered.put_back(std::move(mask));
  control.check("classify");
  masks->nodules = mask_of(masks->labels);
  return masks;
}

}  // namespace lungrt
