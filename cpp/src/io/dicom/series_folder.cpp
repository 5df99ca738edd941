#include "io/dicom/series_folder.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "io/dicom/found_series.h"
#include "io/dicom/planned_voxels.h"
#include "io/dicom/series_text.h"
#include "io/dicom/words.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

/// Where to search, and the file whose series is wanted.
struct Place {
  fs::path folder;
  fs::path file;  ///< empty if any series is wanted
};

bool is_directory_file(const fs::path& file) {
  std::string name = file.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  return name == "DICOMDIR";
}

Place place_of(const fs::path& path) {
  std::error_code unknown;
  const fs::file_status status = fs::status(path, unknown);
  if (fs::is_directory(status)) return {path, {}};
  if (!fs::exists(status)) {
    throw Error(ErrorCode::kIo,
                path.string() + ": no such file or folder; expected a DICOM folder or file");
  }
  if (!is_dicom(path)) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + ": not a DICOM image; expected a DICOM folder or file");
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  // What a DICOMDIR lists is in its folder and below.
  if (is_directory_file(path)) return {folder, {}};
  return {folder, path.has_parent_path() ? path : folder / path};
}

/// UID and part that the user named.
struct Wanted {
  std::string uid;
  std::optional<std::size_t> part;  ///< counted from 0
};

Wanted parse_wanted(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, {}};
  std::size_t part = 0;
  const char* last = text.data() + text.size();
  const auto [end, status] = std::from_chars(text.data() + colon + 1, last, part);
  if (status != std::errc() || end != last || part < 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "series '" + text + "': expected a UID, or UID:PART with a part from 1 on");
  }
  return {text.substr(0, colon), part - 1};
}

std::string listing(const std::vector<FoundSeries>& found) {
  std::string lines;
  for (const FoundSeries& series : found) lines += "\n  " + line(info_of(series));
  return lines;
}

std::string listing(const SeriesInfo& info) {
  std::string lines;
  for (const SeriesPartInfo& part : info.parts) lines += "\n  " + line(part);
  return lines;
}

class Choice {
 public:
  Choice(const Place& place, std::vector<FoundSeries> found, bool resample)
      : place_(place), found_(std::move(found)), resample_(resample) {}

  CtVolume read(const std::optional<std::string>& wanted, const Workers& workers,
                const Codec& codec) {
    std::optional<Wanted> named;
    if (wanted) named = parse_wanted(*wanted);
    const FoundSeries& series = choose_series(named);
    if (series.is_damaged) throw Error(ErrorCode::kIo, series.problem);
    if (!series.problem.empty()) refuse(series.problem);
    const std::size_t part = choose_part(series, named);
    const CtVolume volume = read_planned(slices_of(series, series.parts[part]),
                                         plan(series, series.parts[part]), workers, codec);
    notes_.insert(notes_.end(), series.notes.begin(), series.notes.end());
    notes_.insert(notes_.end(), volume.notes().begin(), volume.notes().end());
    return volume.with_notes(std::move(notes_));
  }

 private:
  [[noreturn]] void refuse(const std::string& problem,
                           ErrorCode code = ErrorCode::kBadVolume) const {
    throw Error(code, place_.folder.string() + ": " + problem);
  }

  const FoundSeries& choose_series(const std::optional<Wanted>& named) {
    if (named) {
      const auto match = std::find_if(found_.begin(), found_.end(), [&](const FoundSeries& series) {
        return series.uid == named->uid;
      });
      if (match != found_.end()) return *match;
      refuse("contains no series " + named->uid + ", only:" + listing(found_),
             ErrorCode::kInvalidArgument);
    }
    if (!place_.file.empty()) return series_of_file();
    if (found_.size() == 1) return found_.front();
    std::vector<const FoundSeries*> possible;
    for (const FoundSeries& series : found_) {
      // A scan that lacks a slice, or has a damaged one, is one all the same: to pass over it would
      // be a guess.
      if (series.is_damaged || !possible_volumes(series, true).empty()) {
        possible.push_back(&series);
      }
    }
    if (possible.size() != 1) {
      refuse("contains " + std::to_string(found_.size()) + " series" +
                 (possible.empty() ? ", none of which is a regular volume" : "") +
                 "; choose one by its UID (series=, --series):" + listing(found_),
             ErrorCode::kInvalidArgument);
    }
    std::string others;
    for (const FoundSeries& series : found_) {
      if (&series != possible.front()) others += "; not " + line(info_of(series));
    }
    notes_.push_back("series " + possible.front()->uid + " was read, the only one of " +
                     std::to_string(found_.size()) + " in the folder that can be a volume" +
                     others);
    return *possible.front();
  }

  const FoundSeries& series_of_file() {
    for (const FoundSeries& series : found_) {
      const bool inside =
          std::any_of(series.slices.begin(), series.slices.end(),
                      [&](const DicomSlice& slice) { return slice.path == place_.file; });
      if (!inside) continue;
      if (series.images > 1) {
        notes_.push_back(quoted_file() + " is one image of a series; the " +
                         std::to_string(series.images) +
                         " images of it in the same folder and "
                         "below were read");
      }
      return series;
    }
    refuse(quoted_file() +
               " is no slice of a CT (a localizer, a secondary capture, another "
               "modality or a copy), only:" +
               listing(found_),
           ErrorCode::kInvalidArgument);
  }

  std::string quoted_file() const { return "'" + place_.file.filename().string() + "'"; }

  std::size_t choose_part(const FoundSeries& series, const std::optional<Wanted>& named) {
    const std::vector<SeriesPart>& parts = series.parts;
    if (named && named->part) {
      if (*named->part >= parts.size()) {
        refuse("series " + series.uid + " has no part " + std::to_string(*named->part + 1) +
                   ", only:" + listing(info_of(series)),
               ErrorCode::kInvalidArgument);
      }
      if (parts.size() > 1) tell_part(series, *named->part);
      return *named->part;
    }
    if (parts.size() == 1) return 0;
    if (!place_.file.empty()) {
      const std::size_t part = part_of_file(series);
      tell_part(series, part);
      return part;
    }
    const std::vector<std::size_t> possible = possible_volumes(series, resample_);
    if (possible.empty()) {
      refuse("series " + series.uid + " has " + std::to_string(parts.size()) +
             " parts, none of which is a regular volume:" + listing(info_of(series)));
    }
    if (possible.size() > 1) {
      refuse("series " + series.uid + " has " + std::to_string(parts.size()) +
                 " parts that must not be mixed; choose one (series=UID:PART, --series "
                 "UID:PART):" +
                 listing(info_of(series)),
             ErrorCode::kInvalidArgument);
    }
    tell_part(series, possible.front());
    return possible.front();
  }

  std::size_t part_of_file(const FoundSeries& series) const {
    const auto holds = [&](const SeriesPart& part) {
      return std::any_of(part.slices.begin(), part.slices.end(), [&](std::size_t slice) {
        return series.slices[slice].path == place_.file;
      });
    };
    const auto part = std::find_if(series.parts.begin(), series.parts.end(), holds);
    return static_cast<std::size_t>(part - series.parts.begin());
  }

  /// Notes which part was read, and which slices are in none of it.
  void tell_part(const FoundSeries& series, std::size_t part) {
    const SeriesInfo info = info_of(series);
    std::string note = "part " + std::to_string(part + 1) + " of " +
                       std::to_string(info.parts.size()) +
                       " of the series was read: " + line(info.parts[part]);
    for (std::size_t i = 0; i < info.parts.size(); ++i) {
      if (i == part) continue;
      std::vector<std::string> names;
      for (const std::size_t slice : series.parts[i].slices) {
        names.push_back("'" + series.headers[slice].name + "'");
      }
      note += ". Left out: " + line(info.parts[i]) + " (" + words::listed(names) + ")";
    }
    notes_.push_back(std::move(note));
  }

  SeriesLayout plan(const FoundSeries& series, const SeriesPart& part) const {
    try {
      return plan_series(headers_of(series, part), resample_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadVolume) throw;
      refuse(error.what());
    }
  }

  Place place_;
  std::vector<FoundSeries> found_;
  bool resample_;
  std::vector<std::string> notes_;
};

}  // namespace

bool is_dicom(const fs::path& file) {
  return is_directory_file(file) || !read_slices(file).empty();
}

std::vector<SeriesInfo> list_series(const fs::path& path, const ReadOptions& options, bool below) {
  const Workers workers{reading_threads(options.threads), options.cancelled};
  std::vector<SeriesInfo> result;
  for (const FoundSeries& series : find_series(place_of(path).folder, below, workers)) {
    result.push_back(info_of(series));
  }
  return result;
}

CtVolume read_series(const fs::path& path, const ReadOptions& options, const Codec& codec) {
  const Workers workers{reading_threads(options.threads), options.cancelled};
  const Place place = place_of(path);
  Choice choice(place, find_series(place.folder, true, workers), options.resample);
  return choice.read(options.series, workers, codec);
}

}  // namespace lungrt::io
