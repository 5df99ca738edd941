#include "ops/components.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "check.h"
#include "input_reader.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

constexpr std::array<std::array<int, 3>, 6> kNeighbours{
    {{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}};

/// A volume with one byte per voxel, and literal implementations of the definitions.
class Voxels {
 public:
  explicit Voxels(const VolumeShape& shape)
      : shape_(shape), values_(static_cast<std::size_t>(shape.voxels())) {}

  std::int32_t& at(const VoxelIndex& i) { return values_[offset(i)]; }
  std::int32_t at(const VoxelIndex& i) const { return values_[offset(i)]; }
  bool set(const VoxelIndex& i) const { return shape_.contains(i) && at(i) != 0; }

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::int64_t s = 0; s < shape_.slices; ++s) {
      for (std::int64_t r = 0; r < shape_.rows; ++r) {
        for (std::int64_t c = 0; c < shape_.columns; ++c) visit(VoxelIndex{s, r, c});
      }
    }
  }

  static VoxelIndex neighbour(const VoxelIndex& i, const std::array<int, 3>& step) {
    return {i.slice + step[0], i.row + step[1], i.column + step[2]};
  }

  Voxels eroded() const {
    Voxels result(shape_);
    for_each([&](const VoxelIndex& i) {
      result.at(i) = set(i) && std::all_of(kNeighbours.begin(), kNeighbours.end(),
                                           [&](const auto& n) { return set(neighbour(i, n)); });
    });
    return result;
  }

  /// Labels from 1 in array order of the components' first voxels, by flood fill.
  Voxels labelled(std::int32_t& count) const {
    Voxels labels(shape_);
    count = 0;
    for_each([&](const VoxelIndex& seed) {
      if (!set(seed) || labels.at(seed) != 0) return;
      labels.at(seed) = ++count;
      std::vector<VoxelIndex> open{seed};
      while (!open.empty()) {
        const VoxelIndex i = open.back();
        open.pop_back();
        for (const auto& step : kNeighbours) {
          const VoxelIndex n = neighbour(i, step);
          if (!set(n) || labels.at(n) != 0) continue;
          labels.at(n) = count;
          open.push_back(n);
        }
      }
    });
    return labels;
  }

  const std::vector<std::int32_t>& values() const { return values_; }

 private:
  std::size_t offset(const VoxelIndex& i) const {
    return static_cast<std::size_t>((i.slice * shape_.rows + i.row) * shape_.columns + i.column);
  }

  VolumeShape shape_;
  std::vector<std::int32_t> values_;
};

void check_component(const ops::Component& found, std::int32_t label, const Voxels& labels,
                     const CtVolume& volume) {
  std::int64_t voxels = 0, weight = 0, dilated = 0;
  std::array<std::int64_t, 3> sums{};
  VoxelIndex first{volume.shape().slices, volume.shape().rows, volume.shape().columns};
  VoxelIndex last{-1, -1, -1};
  labels.for_each([&](const VoxelIndex& i) {
    const auto is_part = [&](const VoxelIndex& n) {
      return labels.set(n) && labels.at(n) == label;
    };
    dilated +=
        is_part(i) || std::any_of(kNeighbours.begin(), kNeighbours.end(),
                                  [&](const auto& n) { return is_part(Voxels::neighbour(i, n)); });
    if (!is_part(i)) return;
    const std::int64_t hu = volume.slice(i.slice)[i.row * volume.shape().columns + i.column];
    const std::int64_t w = std::clamp<std::int64_t>(hu, -1000, 1000) + 1001;
    ++voxels;
    weight += w;
    sums[0] += w * i.slice;
    sums[1] += w * i.row;
    sums[2] += w * i.column;
    first = {std::min(first.slice, i.slice), std::min(first.row, i.row),
             std::min(first.column, i.column)};
    last = {std::max(last.slice, i.slice), std::max(last.row, i.row),
            std::max(last.column, i.column)};
  });
  check(found.voxels == voxels, "voxels of a component");
  check(found.first == first && found.last == last, "box of a component");
  check(found.dilated_voxels == dilated, "dilated voxels of a component");
  for (std::size_t axis = 0; axis < 3; ++axis) {
    check(found.center[axis] == static_cast<double>(sums[axis]) / static_cast<double>(weight),
          "centre of a component");
  }
}

void check_labels(const NoduleMask& mask, const Voxels& expected, std::int32_t count) {
  const LabelVolume found = label(mask);
  check(found.count == count && found.labels == expected.values(), "labels");
}

}  // namespace

void components(std::string_view input) {
  InputReader reader(input);
  // Rows of up to four words, with runs that begin, end and continue at word borders.
  const VolumeShape shape{reader.small(1, 6), reader.small(1, 8), reader.small(1, 200)};
  const std::int64_t fill = reader.small(0, 3);  // how the bytes become voxels
  const auto at = [bytes = reader.rest()](std::int64_t k) -> std::uint8_t {
    return bytes.empty()
               ? 0
               : static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(k) % bytes.size()]);
  };
  std::vector<std::uint8_t> set(static_cast<std::size_t>(shape.voxels()));
  std::vector<std::int16_t> hu(set.size());
  for (std::int64_t k = 0; k < shape.voxels(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    const bool marked = fill == 0   ? ((at(k / 8) >> (k % 8)) & 1) != 0
                        : fill == 1 ? at(k / 4) > 20
                        : fill == 2 ? at(k) > 2
                                    : at(k / 32) != 0;
    set[i] = marked ? 1 : 0;
    hu[i] = static_cast<std::int16_t>(257 * at(k) - 32768 + at(k / 3));
  }
  const CtVolume volume(hu.data(), shape, Geometry(), nullptr);
  const NoduleMask mask = NoduleMask::from_bytes(set.data(), shape);
  Voxels expected(shape);
  expected.for_each([&](const VoxelIndex& i) {
    expected.at(i) =
        set[static_cast<std::size_t>((i.slice * shape.rows + i.row) * shape.columns + i.column)];
  });
  std::int32_t count = 0;
  const Voxels whole = expected.labelled(count);
  check_labels(mask, whole, count);

  const Voxels eroded = expected.eroded();
  const Voxels labels = eroded.labelled(count);
  check_labels(erode(mask), labels, count);
  const ops::Components found = ops::eroded_components(mask, volume);
  check(static_cast<std::int32_t>(found.components.size()) == count, "number of components");
  for (std::int32_t k = 0; k < count; ++k) {
    check_component(found.components[static_cast<std::size_t>(k)], k + 1, labels, volume);
  }
}

}  // namespace lungrt::fuzz
