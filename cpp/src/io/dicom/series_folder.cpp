#include "io/dicom/series_folder.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "lungrt/error.h"
#include "lungrt/series.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

struct Entries {
  std::vector<fs::path> files;
  std::vector<std::string> folders;
};

/// Lists a folder, sorted by name, without hidden entries.
Entries list(const fs::path& folder) {
  std::error_code failure;
  Entries entries;
  for (fs::directory_iterator item(folder, failure), end; !failure && item != end;
       item.increment(failure)) {
    const std::string name = item->path().filename().string();
    std::error_code unknown;  // set for a broken link
    if (name.front() == '.') continue;
    if (item->is_regular_file(unknown)) entries.files.push_back(item->path());
    if (item->is_directory(unknown)) entries.folders.push_back(name);
  }
  if (failure) {
    throw Error(ErrorCode::kIo, folder.string() + ": cannot be listed (" + failure.message() + ")");
  }
  std::sort(entries.files.begin(), entries.files.end());
  std::sort(entries.folders.begin(), entries.folders.end());
  return entries;
}

SeriesInfo series_info(const std::string& uid, const std::vector<DicomSlice>& slices) {
  return {uid, slices.front().modality, slices.front().description,
          static_cast<std::int64_t>(slices.size())};
}

using Found = std::map<std::string, std::vector<DicomSlice>>;

std::vector<DicomSlice> choose(const fs::path& folder, Found found,
                               const std::optional<std::string>& wanted) {
  if (!wanted && found.size() == 1) return std::move(found.begin()->second);
  if (wanted && found.count(*wanted) != 0) return std::move(found.at(*wanted));
  std::string listing;
  for (const auto& [uid, slices] : found) listing += "\n  " + line(series_info(uid, slices));
  if (!wanted) {
    throw Error(ErrorCode::kInvalidArgument,
                folder.string() + ": contains " + std::to_string(found.size()) +
                    " series; choose one by its UID (series=, --series):" + listing);
  }
  throw Error(ErrorCode::kInvalidArgument,
              folder.string() + ": contains no series " + *wanted + ", only:" + listing);
}

SeriesLayout plan(const fs::path& folder, const std::vector<DicomSlice>& slices, bool resample) {
  std::vector<SliceHeader> headers;
  headers.reserve(slices.size());
  try {
    for (const DicomSlice& slice : slices) headers.push_back(slice_header(slice));
    return plan_series(headers, resample);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadVolume) throw;
    throw Error(ErrorCode::kBadVolume, folder.string() + ": " + error.what());
  }
}

double value(const Plane& plane, std::size_t pixel) {
  return plane.fractional.empty() ? plane.hu[pixel] : plane.fractional[pixel];
}

/// Interpolates a slice between two others.
/// \return the same as read_plane
std::vector<double> blend(const Plane& lower, const Plane& upper, double weight,
                          std::int64_t pixels, std::int16_t* hu) {
  const bool whole = lower.fractional.empty() && upper.fractional.empty();
  std::vector<double> fractional(whole ? 0 : static_cast<std::size_t>(pixels));
  for (std::size_t i = 0; i < static_cast<std::size_t>(pixels); ++i) {
    const double mixed = (1.0 - weight) * value(lower, i) + weight * value(upper, i);
    if (whole) {
      hu[i] = static_cast<std::int16_t>(std::nearbyint(mixed));  // half to even
    } else {
      fractional[i] = mixed;
    }
  }
  return fractional;
}

/// Converts the whole volume from float64, which is needed if the rescale slope of any slice is
/// fractional.
CtVolume convert(const std::int16_t* hu, const std::vector<std::vector<double>>& fractional,
                 const SeriesLayout& layout) {
  const std::int64_t pixels = layout.shape.slice_voxels();
  std::vector<double> values(hu, hu + layout.shape.voxels());
  for (std::size_t k = 0; k < fractional.size(); ++k) {
    std::copy(fractional[k].begin(), fractional[k].end(),
              values.begin() + static_cast<std::int64_t>(k) * pixels);
  }
  return CtVolume::converted(values.data(), layout.shape, layout.geometry, layout.series_uid);
}

CtVolume read_planned(const std::vector<DicomSlice>& slices, const SeriesLayout& layout,
                      const Workers& workers, const Codec& codec) {
  const std::int64_t pixels = layout.shape.slice_voxels();
  const auto hu = std::make_shared_for_overwrite<std::int16_t[]>(
      static_cast<std::size_t>(layout.shape.voxels()));
  std::vector<std::vector<double>> fractional(layout.slices.size());
  std::vector<Plane> planes(layout.slices.size());  // without their pixels
  std::vector<const DicomSlice*> used(layout.slices.size());
  workers.for_each(layout.slices.size(), [&](std::size_t k) {
    const SliceBlend& from = layout.slices[k];
    std::int16_t* target = hu.get() + static_cast<std::int64_t>(k) * pixels;
    used[k] = &slices[from.lower];
    if (from.weight == 0.0) {
      planes[k] = read_plane(slices[from.lower], pixels, target, codec);
      fractional[k] = std::move(planes[k].fractional);
    } else {
      const Plane lower = read_plane(slices[from.lower], pixels, codec);
      const Plane upper = read_plane(slices[from.upper], pixels, codec);
      planes[k].padding = lower.padding + upper.padding;
      planes[k].extended = lower.extended + upper.extended;
      fractional[k] = blend(lower, upper, from.weight, pixels, target);
    }
  });
  const bool whole = std::all_of(fractional.begin(), fractional.end(),
                                 [](const std::vector<double>& slice) { return slice.empty(); });
  const CtVolume volume =
      whole ? CtVolume(hu.get(), layout.shape, layout.geometry, hu, layout.series_uid)
            : convert(hu.get(), fractional, layout);
  std::vector<std::string> notes = layout.notes;
  const std::vector<std::string> about_slices = slice_notes(used, planes);
  notes.insert(notes.end(), about_slices.begin(), about_slices.end());
  notes.insert(notes.end(), volume.notes().begin(), volume.notes().end());
  return volume.with_notes(std::move(notes));
}

}  // namespace

Found find_series(const fs::path& folder, const Workers& workers) {
  const Entries entries = list(folder);
  std::vector<std::vector<DicomSlice>> files(entries.files.size());
  workers.for_each(files.size(), [&](std::size_t i) { files[i] = read_slices(entries.files[i]); });
  Found found;
  for (std::vector<DicomSlice>& slices : files) {
    for (DicomSlice& slice : slices) found[slice.series_uid].push_back(std::move(slice));
  }
  if (found.empty()) {
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(entries.folders.size(), 5); ++i) {
      names += (i == 0 ? "" : ", ") + entries.folders[i];
    }
    throw Error(ErrorCode::kBadVolume,
                folder.string() + ": none of its " + std::to_string(entries.files.size()) +
                    " files is a DICOM image" +
                    (names.empty() ? "" : "; its subfolders are not searched: " + names));
  }
  return found;
}

std::vector<SeriesInfo> list_series(const fs::path& folder, const ReadOptions& options) {
  const Workers workers{reading_threads(options.threads), options.cancelled};
  std::vector<SeriesInfo> result;
  for (const auto& [uid, slices] : find_series(folder, workers)) {
    result.push_back(series_info(uid, slices));
  }
  return result;
}

std::string line(const SeriesInfo& info) {
  return info.uid + "  " + std::to_string(info.slices) + " slices  " + info.modality + "  " +
         (info.description.empty() ? "-" : info.description);
}

CtVolume read_series(const fs::path& folder, const ReadOptions& options, const Codec& codec) {
  const Workers workers{reading_threads(options.threads), options.cancelled};
  const std::vector<DicomSlice> slices =
      choose(folder, find_series(folder, workers), options.series);
  return read_planned(slices, plan(folder, slices, options.resample), workers, codec);
}

}  // namespace lungrt::io
