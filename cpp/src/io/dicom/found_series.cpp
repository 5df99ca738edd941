#include "io/dicom/found_series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "io/dicom/folder_search.h"
#include "io/dicom/set_aside.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

// A part with less than a quarter of the slices and of the length of the largest is no alternative
// to it: such are the images that watch the contrast agent arrive.
constexpr std::int64_t kSmall = 4;

FoundSeries examined(const fs::path& folder, std::string uid, std::vector<DicomSlice> slices) {
  FoundSeries series;
  series.uid = std::move(uid);
  series.images = slices.size();
  series.slices = std::move(slices);
  set_aside(folder, series.slices, series.notes);
  try {
    for (const DicomSlice& slice : series.slices) {
      series.headers.push_back(slice_header(slice));
      series.headers.back().name = name_below(folder, slice);
    }
    SeriesParts split = split_series(series.headers);
    series.parts = std::move(split.parts);
    series.notes.insert(series.notes.end(), split.notes.begin(), split.notes.end());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadVolume && error.code() != ErrorCode::kIo) throw;
    series.headers.clear();
    series.problem = error.what();
    series.is_damaged = error.code() == ErrorCode::kIo;
  }
  return series;
}

/// The value of a text in all headers; empty if it varies.
std::string common(const std::vector<SliceHeader>& headers, std::string SliceHeader::* text) {
  const std::string& value = headers.front().*text;
  const bool same = std::all_of(headers.begin(), headers.end(),
                                [&](const SliceHeader& header) { return header.*text == value; });
  return same ? value : "";
}

double length_mm(const VolumeShape& shape, const Geometry& geometry) {
  return static_cast<double>(shape.slices - 1) * geometry.spacing_mm()[2];
}

bool is_axial(const SeriesLayout& layout) {
  const Matrix3& rows = layout.geometry.direction();  // slices ascend along the last column
  return std::abs(rows[2][2]) >= std::max(std::abs(rows[0][2]), std::abs(rows[1][2]));
}

}  // namespace

std::vector<FoundSeries> find_series(const fs::path& folder, bool below, const Workers& workers) {
  const std::vector<fs::path> paths = find_files(folder, below);
  std::vector<std::vector<DicomSlice>> files(paths.size());
  workers.for_each(files.size(), [&](std::size_t i) { files[i] = read_slices(paths[i]); });
  std::map<std::string, std::vector<DicomSlice>> by_uid;
  for (std::vector<DicomSlice>& slices : files) {
    for (DicomSlice& slice : slices) by_uid[slice.series_uid].push_back(std::move(slice));
  }
  if (by_uid.empty()) {
    throw Error(ErrorCode::kBadVolume,
                folder.string() + ": none of its " + std::to_string(paths.size()) +
                    " files is a DICOM image" +
                    (below ? "; the folders in it were searched as well" : ""));
  }
  std::vector<FoundSeries> found;
  for (auto& [uid, slices] : by_uid) found.push_back(examined(folder, uid, std::move(slices)));
  return found;
}

std::vector<DicomSlice> slices_of(const FoundSeries& series, const SeriesPart& part) {
  std::vector<DicomSlice> result;
  for (const std::size_t slice : part.slices) result.push_back(series.slices[slice]);
  return result;
}

std::vector<SliceHeader> headers_of(const FoundSeries& series, const SeriesPart& part) {
  std::vector<SliceHeader> result;
  for (const std::size_t slice : part.slices) result.push_back(series.headers[slice]);
  return result;
}

std::vector<std::size_t> possible_volumes(const FoundSeries& series, bool resample) {
  struct Volume {
    std::size_t part;
    std::int64_t slices;
    double length_mm;
    bool is_axial;
  };
  std::vector<Volume> volumes;
  std::int64_t most = 0;
  double longest_mm = 0;
  for (std::size_t i = 0; i < series.parts.size(); ++i) {
    if (!series.parts[i].problem.empty() && !resample) continue;
    try {
      const SeriesLayout layout = plan_series(headers_of(series, series.parts[i]), resample);
      const auto slices = static_cast<std::int64_t>(series.parts[i].slices.size());
      volumes.push_back({i, slices, length_mm(layout.shape, layout.geometry), is_axial(layout)});
      most = std::max(most, slices);
      longest_mm = std::max(longest_mm, volumes.back().length_mm);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadVolume) throw;  // else it is no volume
    }
  }
  const bool some_axial = std::any_of(volumes.begin(), volumes.end(),
                                      [](const Volume& volume) { return volume.is_axial; });
  std::vector<std::size_t> result;
  for (const Volume& volume : volumes) {
    const bool small = kSmall * volume.slices < most && kSmall * volume.length_mm < longest_mm;
    // Sagittal and coronal slices beside axial ones are made of these.
    const bool reformat = some_axial && !volume.is_axial;
    if (!small && !reformat) result.push_back(volume.part);
  }
  return result;
}

SeriesInfo info_of(const FoundSeries& series) {
  const DicomSlice& first = series.slices.front();
  SeriesInfo info;
  info.uid = series.uid;
  info.modality = first.modality;
  info.description = first.description;
  info.slices = static_cast<std::int64_t>(series.images);
  info.number = first.series_number;
  info.patient_id = first.patient_id;
  info.notes = series.notes;
  info.problem = series.problem;
  for (std::size_t i = 0; i < series.parts.size(); ++i) {
    const std::vector<SliceHeader> headers = headers_of(series, series.parts[i]);
    SeriesPartInfo part;
    part.name = series.uid + ":" + std::to_string(i + 1);
    part.slices = static_cast<std::int64_t>(headers.size());
    part.kernel = common(headers, &SliceHeader::kernel);
    part.acquisition = common(headers, &SliceHeader::acquisition);
    part.phase = common(headers, &SliceHeader::phase);
    part.problem = series.parts[i].problem;
    if (part.problem.empty()) {
      const SeriesLayout layout = plan_series(headers);
      part.shape = layout.shape;
      part.spacing_mm = layout.geometry.spacing_mm();
    }
    info.parts.push_back(std::move(part));
  }
  return info;
}

}  // namespace lungrt::io
