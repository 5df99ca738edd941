/// From the headers of DICOM slices to one regular volume: order, spacing and geometry, or an error
/// that names slices. Readers in every language share it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// What a reader knows of one slice before it reads its pixels.
struct SliceHeader {
  std::string name;                          ///< file name, for messages
  std::string series_uid;                    ///< (0020,000E)
  std::string modality;                      ///< (0008,0060)
  bool localizer = false;                    ///< image type (0008,0008) holds LOCALIZER
  std::array<double, 3> position_mm{};       ///< (0020,0032)
  std::array<double, 6> orientation{};       ///< (0020,0037): row then column cosines
  std::array<double, 2> pixel_spacing_mm{};  ///< (0028,0030): between rows, between columns
  std::int64_t rows = 0;                     ///< (0028,0010)
  std::int64_t columns = 0;                  ///< (0028,0011)
};

/// Output slice = (1 - weight) * input[lower] + weight * input[upper].
struct SliceBlend {
  std::size_t lower = 0;  ///< index into the headers given
  std::size_t upper = 0;
  double weight = 0.0;
};

/// A regular volume made of slices.
struct SeriesLayout {
  std::string series_uid;
  VolumeShape shape;
  Geometry geometry;
  std::vector<SliceBlend> slices;  ///< one an output slice, ascending along the slice normal
  bool resampled = false;          ///< true when any output slice is a blend or slices were dropped
  std::vector<std::string> notes;  ///< what resampling did, for the report
};

/// Orders slices along their normal and checks that they make one regular volume.
/// \param headers   in any order
/// \param resample  interpolate irregular or missing slices onto a regular grid (and drop repeated
///                  positions) instead of refusing them; the notes say what was done
/// \throws Error kBadVolume  for no slices, several series, a modality other than CT, a localizer,
/// a
///         single position, differing sizes, spacings or orientations, a tilted gantry, repeated
///         positions, missing slices or irregular spacing; the message names the slices
///
/// Positions less than 0.01 mm apart are one. Spacing is regular where each gap is within 1 %, or
/// 0.01 mm, of the median one. Slices may lie up to 0.1 mm beside the line through the first.
LUNGRT_API SeriesLayout plan_series(const std::vector<SliceHeader>& headers, bool resample = false);

}  // namespace lungrt
