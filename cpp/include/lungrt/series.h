/// Planning a regular volume from the headers of DICOM slices: what belongs together, order,
/// spacing and geometry, or an error that names the slices. Readers in every language share it.
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
  /// Unit of the last digit that each coordinate of the position is written with, for example 0.01
  /// for "12.50"; 0 if it is not known. Positions are not more exact than half of it.
  std::array<double, 3> position_unit_mm{};
  // What tells the parts of a series apart; a text that is empty is not known.
  std::string patient_id;          ///< (0010,0020)
  std::string frame_of_reference;  ///< (0020,0052)
  std::string acquisition;         ///< acquisition number (0020,0012)
  std::string kernel;              ///< convolution kernel (0018,1210)
  std::string phase;               ///< temporal position (0020,0100)
  std::string image_type;          ///< (0008,0008)
  std::string description;         ///< (0008,103E)
  std::string series_number;       ///< (0020,0011)
  std::string instance_number;     ///< (0020,0013)
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
  bool resampled = false;          ///< whether any voxel is interpolated or a slice was dropped
  std::vector<std::string> notes;  ///< assumptions, and what resampling did, for the report
  /// Where the first pixel of each header's slice lies in the output, in (rows, columns), not
  /// negative and not whole in general; empty if slices and output have the same pixels. Only
  /// slices of a tilted gantry that are resampled have shifts; the output is large enough to hold
  /// them all, and what no slice covers is air.
  std::vector<std::array<double, 2>> shifts;
};

/// Orders slices along their normal and checks that they form one regular volume.
///
/// Positions less than 0.01 mm apart count as one. The spacing is regular if each gap is within 1 %
/// or 0.01 mm of the median gap, or if all positions lie on the grid that fits them best, within
/// half a unit of the last digit that they are written with. Slices may lie up to 0.1 mm beside the
/// line through the first one.
/// \param headers   headers of the slices, in any order
/// \param resample  interpolate irregular or missing slices onto a regular grid, drop repeated
///                  positions and straighten slices of a tilted gantry instead of refusing them;
///                  the notes say what was done
/// \throws Error kBadVolume for no slices, several series or patients, a modality other than CT, a
///         localizer, a single position, differing sizes, spacings or orientations, a tilted
///         gantry, repeated positions, missing slices or irregular spacing; the message names the
///         slices
LUNGRT_API SeriesLayout plan_series(const std::vector<SliceHeader>& headers, bool resample = false);

/// Slices of a series that belong together: one reconstruction of one acquisition and phase.
struct SeriesPart {
  std::vector<std::size_t> slices;  ///< indices of headers, ascending
  std::string problem;  ///< why plan_series() refuses them; empty if they are a regular volume
};

/// Parts of a series.
struct SeriesParts {
  std::vector<SeriesPart> parts;   ///< those with more slices first
  std::vector<std::string> notes;  ///< what was left out or assumed, for the report
};

/// Splits the slices of one series into the parts that must not be mixed.
///
/// Slices of another orientation, size or pixel spacing are other parts, and so are groups of
/// slices that share a frame of reference. Phase, kernel, acquisition, image type, series number,
/// description and the place of the slices beside their normal tell parts apart where that leaves
/// fewer irregular gaps and repeated positions, or where two regular stacks lie within each other.
/// What merely varies from slice to slice splits nothing. Slices at the same positions, or between
/// each other, that differ in nothing else are told apart by their instance numbers, if these run
/// through each part in order. Localizers and images of other modalities are in no part; the notes
/// name them.
/// \param headers  headers of the slices, in any order
/// \throws Error kBadVolume  for no slices, several series or patients, or a header that is invalid
LUNGRT_API SeriesParts split_series(const std::vector<SliceHeader>& headers);

}  // namespace lungrt
