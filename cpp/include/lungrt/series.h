/// Planning a regular volume from the headers of DICOM slices: order, spacing and geometry, or an
/// error that names the slices. Readers in every language share it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Header of one slice: what a reader knows before it reads the pixels.
struct SliceHeader {
  std::string name;                          ///< file name, for messages
  std::string series_uid;                    ///< (0020,000E)
  std::string modality;                      ///< (0008,0060)
  bool localizer = false;                    ///< image type (0008,0008) includes LOCALIZER
  std::array<double, 3> position_mm{};       ///< (0020,0032)
  std::array<double, 6> orientation{};       ///< (0020,0037): row then column cosines
  std::array<double, 2> pixel_spacing_mm{};  ///< (0028,0030): between rows, between columns
  std::int64_t rows = 0;                     ///< (0028,0010)
  std::int64_t columns = 0;                  ///< (0028,0011)
};

/// One output slice: (1 - weight) * input[lower] + weight * input[upper].
struct SliceBlend {
  std::size_t lower = 0;  ///< index of a header
  std::size_t upper = 0;  ///< index of a header
  double weight = 0.0;    ///< weight of `upper`, from 0 to 1
};

/// Layout of a regular volume made of slices.
struct SeriesLayout {
  std::string series_uid;
  VolumeShape shape;
  Geometry geometry;
  std::vector<SliceBlend> slices;  ///< one per output slice, ascending along the slice normal
  bool resampled = false;          ///< whether any output slice is a blend or a slice was dropped
  std::vector<std::string> notes;  ///< what resampling did, for the report
};

/// Orders slices along their normal and checks that they form one regular volume.
///
/// Positions less than 0.01 mm apart count as one. The spacing is regular if each gap is within 1 %
/// or 0.01 mm of the median gap. Slices may lie up to 0.1 mm beside the line through the first one.
/// \param headers   headers of the slices, in any order
/// \param resample  interpolate irregular or missing slices onto a regular grid and drop repeated
///                  positions instead of refusing them; the notes say what was done
/// \throws Error kBadVolume for no slices, several series, a modality other than CT, a localizer, a
///         single position, differing sizes, spacings or orientations, a tilted gantry, repeated
///         positions, missing slices or irregular spacing; the message names the slices
LUNGRT_API SeriesLayout plan_series(const std::vector<SliceHeader>& headers, bool resample = false);

}  // namespace lungrt
