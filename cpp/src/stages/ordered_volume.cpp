#include "stages/ordered_volume.h"

#include <memory>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"
#include "stages/batches.h"

namespace lungrt {
namespace {

constexpr const char* kStage = "reorder";
/// Slices that are copied at once.
constexpr std::int64_t kBatch = 32;

std::int64_t bytes_of(const VolumeShape& shape) {
  return shape.voxels() * static_cast<std::int64_t>(sizeof(std::int16_t));
}

CtVolume in_order(const CtVolume& volume, const ops::AxisOrder& order, int threads,
                  const RunControl& control) {
  if (order.is_stored()) return volume;
  const VolumeShape& shape = order.shape();
  const auto hu =
      std::make_shared_for_overwrite<std::int16_t[]>(static_cast<std::size_t>(shape.voxels()));
  for_each_batch(
      shape.slices, kBatch, threads,
      [&](int, std::int64_t first, std::int64_t count) {
        order.copy_slices(volume.data(), first, first + count,
                          hu.get() + first * shape.slice_voxels());
      },
      [&](std::int64_t) { control.check(kStage); });
  return {hu.get(), shape, order.geometry(volume.geometry()), hu, volume.series_uid()};
}

}  // namespace

ops::AxisOrder axis_order(const CtVolume& volume, VoxelOrder order) {
  return order == VoxelOrder::kStored
             ? ops::AxisOrder(volume.shape())
             : ops::AxisOrder::to_patient(volume.shape(), volume.geometry());
}

VoxelIndex ordered_voxel(const ops::AxisOrder& order, const VoxelIndex& stored) {
  if (!order.stored_shape().contains(stored)) {
    throw Error(ErrorCode::kInvalidArgument,
                "candidate " + text::place(stored) + " lies outside of the volume of " +
                    text::extent(order.stored_shape()) + " (slices x rows x columns)");
  }
  return order.from_stored(stored);
}

CtVolume slices_in_order(const CtVolume& volume, const ops::AxisOrder& order, std::int64_t first,
                         std::int64_t last) {
  const VolumeShape shape{last - first, order.shape().rows, order.shape().columns};
  const auto hu =
      std::make_shared_for_overwrite<std::int16_t[]>(static_cast<std::size_t>(shape.voxels()));
  order.copy_slices(volume.data(), first, last, hu.get());
  return {hu.get(), shape, order.geometry(volume.geometry()), hu};
}

OrderedVolume::OrderedVolume(const CtVolume& stored, VoxelOrder order, int threads,
                             const RunControl& control)
    : stored_(stored),
      order_(axis_order(stored, order)),
      memory_(control.hold(kStage, "the volume in the patient's order",
                           order_.is_stored() ? 0 : bytes_of(stored.shape()))),
      volume_(in_order(stored, order_, threads, control)) {}

void OrderedVolume::put_back(Candidate& found) const {
  if (!is_copy()) return;
  found.index = order_.to_stored(found.index);
  found.center_mm = stored_.geometry().to_world(found.index);
  found.box = order_.to_stored(found.box);
  found.extent_mm = stored_.geometry().extent_mm(found.box);
}

NoduleMask OrderedVolume::put_back(NoduleMask mask) const {
  return is_copy() ? order_.to_stored(mask) : std::move(mask);
}

std::optional<std::string> order_note(const CtVolume& stored, VoxelOrder order) {
  if (axis_order(stored, VoxelOrder::kPatient).is_stored()) return std::nullopt;
  const std::string axes = ops::axes_in_words(stored.geometry());
  if (order == VoxelOrder::kStored) {
    return "voxels were used in the stored order (" + axes +
           "), but the networks were trained with columns to the left, rows to the back, slices to "
           "the head: other orders of this CT give other results; voxel order 'patient', as in "
           "profile 'lung', gives the same result for all of them";
  }
  const std::string plane = ops::plane_in_words(stored.geometry());
  if (plane == "axial") return std::nullopt;
  return "the CT is stored as " + plane + " slices (" + axes +
         "): it was brought into axial order for the networks, without resampling, and results "
         "were put back into the stored order";
}

}  // namespace lungrt
