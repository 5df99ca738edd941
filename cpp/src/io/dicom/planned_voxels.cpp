#include "io/dicom/planned_voxels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

namespace lungrt::io {
namespace {

constexpr double kAirHu = -1000;

/// Pixels of a slice in the output's rows and columns.
struct Pixels {
  std::vector<double> values;
  bool whole = true;  ///< whether the slice itself has only whole numbers
};

Pixels pixels_of(const Plane& plane) {
  if (!plane.fractional.empty()) return {plane.fractional, false};
  return {{plane.hu.begin(), plane.hu.end()}, true};
}

/// Moves pixels to the right and down by fractions of a pixel, with linear interpolation; what
/// comes in from outside is air.
std::vector<double> shifted(const std::vector<double>& values, std::int64_t rows,
                            std::int64_t columns, const std::array<double, 2>& shift,
                            const VolumeShape& shape) {
  const auto pixel = [&](std::int64_t row, std::int64_t column) {
    const bool inside = row >= 0 && row < rows && column >= 0 && column < columns;
    return inside ? values[static_cast<std::size_t>(row * columns + column)] : kAirHu;
  };
  const auto down = static_cast<std::int64_t>(std::ceil(shift[0]));
  const auto right = static_cast<std::int64_t>(std::ceil(shift[1]));
  const double below = static_cast<double>(down) - shift[0];  // weight of the next row
  const double beside = static_cast<double>(right) - shift[1];
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(shape.slice_voxels()));
  for (std::int64_t row = -down; row < shape.rows - down; ++row) {
    for (std::int64_t column = -right; column < shape.columns - right; ++column) {
      const double upper = (1 - beside) * pixel(row, column) + beside * pixel(row, column + 1);
      const double lower =
          (1 - beside) * pixel(row + 1, column) + beside * pixel(row + 1, column + 1);
      result.push_back((1 - below) * upper + below * lower);
    }
  }
  return result;
}

SliceSource source_of(const DicomSlice& slice) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {slice.path.string(),
          // That of a frame is followed by its number.
          slice.instance_uid.substr(0, slice.instance_uid.find('#')), slice.frame,
          slice.version.size, slice.version.seconds * kNanoseconds + slice.version.nanoseconds};
}

/// A volume as it is filled, slice by slice.
class Filling {
 public:
  Filling(const std::vector<DicomSlice>& slices, const SeriesLayout& layout, const Codec& codec)
      : slices_(slices),
        layout_(layout),
        codec_(codec),
        hu_(std::make_shared_for_overwrite<std::int16_t[]>(
            static_cast<std::size_t>(layout.shape.voxels()))),
        fractional_(layout.slices.size()),
        planes_(layout.slices.size()) {}

  /// Reads an output slice.
  void fill(std::size_t k) {
    const SliceBlend& from = layout_.slices[k];
    const std::int64_t count = layout_.shape.slice_voxels();
    std::int16_t* target = hu_.get() + static_cast<std::int64_t>(k) * count;
    if (from.weight == 0.0 && layout_.shifts.empty()) {
      planes_[k] = read_plane(slices_[from.lower], count, target, codec_);
      fractional_[k] = std::move(planes_[k].fractional);
      return;
    }
    Pixels pixels = read(from.lower, planes_[k]);
    if (from.weight > 0.0) {
      const Pixels upper = read(from.upper, planes_[k]);
      pixels.whole = pixels.whole && upper.whole;
      for (std::size_t i = 0; i < pixels.values.size(); ++i) {
        pixels.values[i] = (1.0 - from.weight) * pixels.values[i] + from.weight * upper.values[i];
      }
    }
    if (pixels.whole) {
      std::transform(pixels.values.begin(), pixels.values.end(), target, [](double value) {
        return static_cast<std::int16_t>(std::nearbyint(value));  // half to even
      });
    } else {
      fractional_[k] = std::move(pixels.values);
    }
  }

  CtVolume volume() const {
    const bool whole = std::all_of(fractional_.begin(), fractional_.end(),
                                   [](const std::vector<double>& slice) { return slice.empty(); });
    const CtVolume volume =
        whole ? CtVolume(hu_.get(), layout_.shape, layout_.geometry, hu_, layout_.series_uid)
              : converted();
    std::vector<std::string> notes = layout_.notes;
    std::vector<const DicomSlice*> used;
    for (const SliceBlend& from : layout_.slices) used.push_back(&slices_[from.lower]);
    const std::vector<std::string> about_slices = slice_notes(used, planes_);
    notes.insert(notes.end(), about_slices.begin(), about_slices.end());
    notes.insert(notes.end(), volume.notes().begin(), volume.notes().end());
    return volume.with_notes(std::move(notes)).with_sources(sources(), is_interpolated());
  }

 private:
  bool is_interpolated() const {
    return !layout_.shifts.empty() ||
           std::any_of(layout_.slices.begin(), layout_.slices.end(),
                       [](const SliceBlend& from) { return from.weight > 0.0; });
  }

  /// The slices that voxels come from, each once, in the order of the volume's slices.
  std::vector<SliceSource> sources() const {
    std::vector<std::size_t> used;
    const auto use = [&](std::size_t slice) {
      if (std::find(used.begin(), used.end(), slice) == used.end()) used.push_back(slice);
    };
    for (const SliceBlend& from : layout_.slices) {
      use(from.lower);
      if (from.weight > 0.0) use(from.upper);
    }
    std::vector<SliceSource> result;
    for (const std::size_t slice : used) result.push_back(source_of(slices_[slice]));
    return result;
  }

  /// Reads a slice; what was counted in its pixels is added to `counted`.
  Pixels read(std::size_t slice, Plane& counted) const {
    const bool moved = !layout_.shifts.empty();
    const std::int64_t rows = moved ? std::stoll(slices_[slice].rows) : layout_.shape.rows;
    const std::int64_t columns = moved ? std::stoll(slices_[slice].columns) : layout_.shape.columns;
    const Plane plane = read_plane(slices_[slice], rows * columns, codec_);
    counted.padding += plane.padding;
    counted.extended += plane.extended;
    Pixels pixels = pixels_of(plane);
    if (moved) {
      pixels.values = shifted(pixels.values, rows, columns, layout_.shifts[slice], layout_.shape);
    }
    return pixels;
  }

  /// Converts the whole volume from float64, which is needed if the rescale slope of any slice is
  /// fractional.
  CtVolume converted() const {
    std::vector<double> values(hu_.get(), hu_.get() + layout_.shape.voxels());
    for (std::size_t k = 0; k < fractional_.size(); ++k) {
      std::copy(fractional_[k].begin(), fractional_[k].end(),
                values.begin() + static_cast<std::int64_t>(k) * layout_.shape.slice_voxels());
    }
    return CtVolume::converted(values.data(), layout_.shape, layout_.geometry, layout_.series_uid);
  }

  const std::vector<DicomSlice>& slices_;
  const SeriesLayout& layout_;
  const Codec& codec_;
  std::shared_ptr<std::int16_t[]> hu_;
  std::vector<std::vector<double>> fractional_;
  std::vector<Plane> planes_;  ///< of the output slices, without their pixels
};

}  // namespace

CtVolume read_planned(const std::vector<DicomSlice>& slices, const SeriesLayout& layout,
                      const Workers& workers, const Codec& codec) {
  Filling filling(slices, layout, codec);
  workers.for_each(layout.slices.size(), [&](std::size_t k) { filling.fill(k); });
  return filling.volume();
}

}  // namespace lungrt::io
