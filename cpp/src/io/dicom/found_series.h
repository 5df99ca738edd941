/// The series of a folder, and which of their parts can be a volume.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/dicom/slice.h"
#include "io/workers.h"
#include "lungrt/io.h"
#include "lungrt/series.h"

namespace lungrt::io {

/// A series, without the images that are no slices.
struct FoundSeries {
  std::string uid;
  std::size_t images = 0;  ///< with those that are no slices
  std::vector<DicomSlice> slices;
  std::vector<SliceHeader> headers;  ///< one per slice; none if there is a problem
  std::vector<SeriesPart> parts;     ///< none if there is a problem
  std::vector<std::string> notes;
  std::string problem;      ///< why the slices cannot be told apart; empty if they can
  bool is_damaged = false;  ///< whether the problem is a file that cannot be read
};

/// Finds the series in a folder and below it, sorted by UID; their slices are sorted by path.
/// \param below  whether to search the folders in it as well
/// \throws Error kIo         if a folder or file cannot be read, or a slice is damaged
/// \throws Error kBadVolume  if there are no DICOM images
std::vector<FoundSeries> find_series(const std::filesystem::path& folder, bool below,
                                     const Workers& workers);

/// The slices of a part, in the order of the series.
std::vector<DicomSlice> slices_of(const FoundSeries& series, const SeriesPart& part);
std::vector<SliceHeader> headers_of(const FoundSeries& series, const SeriesPart& part);

/// Indices of the parts that can be a volume, without those that are small beside the largest one,
/// and without reformats of axial slices that are there as well.
/// \param resample  whether parts that can be resampled count
std::vector<std::size_t> possible_volumes(const FoundSeries& series, bool resample);

SeriesInfo info_of(const FoundSeries& series);

}  // namespace lungrt::io
