#include "io/dicom/set_aside.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "io/dicom/image_type.h"
#include "io/dicom/words.h"
#include "io/files.h"

namespace lungrt::io {
namespace {

constexpr std::string_view kCtClass =
    "1.2.840.10008.5.1.4.1.1.2";  // the enhanced ones append to it
constexpr std::string_view kSecondaryCaptureClass = "1.2.840.10008.5.1.4.1.1.7";

/// Whether a class is another one, or one that is derived from it.
bool is_class(const std::string& uid, std::string_view wanted) {
  return uid.compare(0, wanted.size(), wanted) == 0 &&
         (uid.size() == wanted.size() || uid[wanted.size()] == '.');
}

bool is_placed(const DicomSlice& slice) {
  return !slice.position.empty() && !slice.orientation.empty();
}

std::string size_of(const DicomSlice& slice) { return slice.rows + " x " + slice.columns; }

/// Why an image cannot be a slice; empty if it may be one.
/// \param sizes  of the images that have a position
std::string reason_against(const DicomSlice& slice, const std::set<std::string>& sizes) {
  if (!slice.modality.empty() && slice.modality != "CT") return "the modality is not CT";
  if (is_class(slice.object_class, kSecondaryCaptureClass)) return "secondary capture";
  if (!slice.object_class.empty() && !is_class(slice.object_class, kCtClass)) return "no CT image";
  if (has_image_type(slice, "LOCALIZER")) return "localizer";
  if (!slice.samples.empty() && slice.samples != "1") return "colour image";
  // One that may be axial is a slice whose place is lost: to go on without it is no option.
  // Frames of a file belong together.
  const bool may_be_axial =
      (slice.frame != 0 || slice.image_type.empty() || has_image_type(slice, "AXIAL")) &&
      (sizes.empty() || sizes.count(size_of(slice)) != 0);
  if (!is_placed(slice) && !may_be_axial) return "image without a position";
  return "";
}

/// Whether the same range of two files has the same bytes.
bool same_bytes(const DicomSlice& a, std::uint64_t a_start, const DicomSlice& b,
                std::uint64_t b_start, std::uint64_t bytes) {
  constexpr std::uint64_t kChunk = 1U << 18U;
  const InputFile a_file(a.path), b_file(b.path);
  std::string ours, theirs;
  for (std::uint64_t at = 0; at < bytes; at += kChunk) {
    const auto size = static_cast<std::size_t>(std::min(kChunk, bytes - at));
    ours.assign(size, '\0');
    theirs.assign(size, '\0');
    if (a_file.read_at(a_start + at, ours.data(), size) < size ||
        b_file.read_at(b_start + at, theirs.data(), size) < size || ours != theirs) {
      return false;
    }
  }
  return true;
}

/// Whether one file is a copy of the other, or has the same pixels in the same image.
bool same_content(const DicomSlice& a, const DicomSlice& b) {
  if (a.frame == 0 && b.frame == 0 && a.version.size == b.version.size &&
      same_bytes(a, 0, b, 0, a.version.size)) {
    return true;
  }
  const auto format = [](const DicomSlice& slice) {
    return std::tie(slice.pixels.syntax.uid, slice.bits, slice.stored_bits, slice.sign, slice.greys,
                    slice.slope, slice.intercept, slice.rescale_type);
  };
  const auto in_place = [](const DicomSlice& slice) {
    return !slice.pixels.deflated_at && !slice.pixels.inflated;
  };
  return format(a) == format(b) && in_place(a) && in_place(b) &&
         std::equal(a.pixels.extents.begin(), a.pixels.extents.end(), b.pixels.extents.begin(),
                    b.pixels.extents.end(), [&](const Extent& ours, const Extent& theirs) {
                      return ours.bytes == theirs.bytes &&
                             same_bytes(a, ours.offset, b, theirs.offset, ours.bytes);
                    });
}

/// Whether two images at the same place may be the same instance. Their pixels alone do not say so:
/// slices of air above the patient are equal in every phase.
bool may_be_copies(const DicomSlice& a, const DicomSlice& b) {
  if (a.path == b.path) return false;  // frames of one file
  const bool same_instance = !a.instance_uid.empty() && a.instance_uid == b.instance_uid;
  return same_instance || a.instance_number == b.instance_number;
}

std::string place_key(const DicomSlice& s) {
  std::string key;
  for (const std::string* text :
       {&s.patient_id, &s.position, &s.orientation, &s.rows, &s.columns, &s.kernel, &s.acquisition,
        &s.temporal_position, &s.frame_of_reference, &s.image_type}) {
    key += *text + '\n';
  }
  return key;
}

}  // namespace

std::string name_below(const std::filesystem::path& folder, const DicomSlice& slice) {
  const std::filesystem::path below = slice.path.lexically_relative(folder);
  if (below.empty() || below.string().front() == '.') return name_of(slice);
  return (below.parent_path() / name_of(slice)).string();
}

void set_aside(const std::filesystem::path& folder, std::vector<DicomSlice>& slices,
               std::vector<std::string>& notes) {
  std::vector<DicomSlice> kept;
  std::map<std::string, std::vector<std::string>> left_out;
  std::map<std::string, std::vector<std::size_t>> places;
  std::set<std::string> sizes;
  for (const DicomSlice& slice : slices) {
    if (is_placed(slice)) sizes.insert(size_of(slice));
  }
  for (const DicomSlice& slice : slices) {
    std::string reason = reason_against(slice, sizes);
    std::vector<std::size_t>& there = places[place_key(slice)];
    if (reason.empty() && std::any_of(there.begin(), there.end(), [&](std::size_t other) {
          return may_be_copies(kept[other], slice) && same_content(kept[other], slice);
        })) {
      reason = "identical copy of another file";
    }
    if (reason.empty()) {
      there.push_back(kept.size());
      kept.push_back(slice);
    } else {
      left_out[reason].push_back("'" + name_below(folder, slice) + "'");
    }
  }
  if (kept.empty() || left_out.empty()) return;
  for (const auto& [reason, names] : left_out) {
    notes.push_back("left out (" + reason + "): " + words::listed(names));
  }
  slices = std::move(kept);
}

}  // namespace lungrt::io
