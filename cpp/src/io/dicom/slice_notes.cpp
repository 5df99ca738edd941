/// Notes about what was read with an assumption, or is not what the networks were trained on.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "io/dicom/image_type.h"
#include "io/dicom/slice.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kMostOfAKind = 3;  // notes; a damaged file may have another text per slice

using Slices = std::vector<const DicomSlice*>;

/// Slices about which the same has to be said.
struct Said {
  std::size_t count = 0;
  std::string first;  ///< name of the first of them
};

/// "in all 133 slices", "in 2 of 133 slices, the first of which is IM0001.dcm".
std::string where(const Said& said, std::size_t slices) {
  if (said.count == slices) {
    return slices == 1 ? "in the only slice" : "in all " + std::to_string(slices) + " slices";
  }
  return "in " + std::to_string(said.count) + " of " + std::to_string(slices) +
         " slices, the first of which is " + said.first;
}

// What there is to say about a slice, as "what: so what"; empty if there is nothing.

std::string about_rescale(const DicomSlice& slice) {
  const bool slope = slice.slope.empty(), intercept = slice.intercept.empty();
  if (slope && intercept) {
    return "no RescaleSlope and RescaleIntercept: stored values were taken for Hounsfield units";
  }
  if (!slope && std::atof(slice.slope.c_str()) == 0) return "RescaleSlope of 0: it was taken for 1";
  if (slope) return "no RescaleSlope: it was taken for 1";
  if (intercept) return "no RescaleIntercept: it was taken for 0";
  return "";
}

std::string about_rescale_type(const DicomSlice& slice) {
  if (slice.rescale_type.empty() || upper(slice.rescale_type) == "HU") return "";
  return "rescale type '" + slice.rescale_type + "' instead of HU: values were taken for " +
         "Hounsfield units";
}

bool has_any(const DicomSlice& slice, std::initializer_list<const char*> values) {
  return std::any_of(values.begin(), values.end(),
                     [&](const char* value) { return has_image_type(slice, value); });
}

std::string about_origin(const DicomSlice& slice) {
  const std::string type = "image type " + slice.image_type + ": ";
  if (slice.calculation == "MAX_IP" ||
      has_any(slice, {"MIP", "MAX_IP", "MAXIP", "MAXIMUM", "THIN MIP"})) {
    return type +
           "a maximum intensity projection, in which vessels look like nodules; the networks were "
           "trained on plain slices";
  }
  if (slice.calculation == "MIN_IP" || has_any(slice, {"MINIP", "MIN_IP", "MNIP", "MINIMUM"})) {
    return type +
           "a minimum intensity projection, in which nodules vanish; the networks were trained on "
           "plain slices";
  }
  if (has_image_type(slice, "DERIVED")) {
    return type + "computed from other images; the networks were trained on reconstructed slices";
  }
  return "";
}

std::string about_compression(const DicomSlice& slice) {
  return slice.lossy == "01" ? "lossy compression: values are not exactly those of the scan" : "";
}

std::string about_surplus(const DicomSlice& slice) {
  // A single byte makes the number of bytes even.
  if (slice.pixels.surplus < 2) return "";
  return std::to_string(slice.pixels.surplus) + " bytes after the pixels: they were ignored";
}

void add_notes(const Slices& slices, const std::function<std::string(const DicomSlice&)>& about,
               std::vector<std::string>& notes) {
  std::map<std::string, Said> found;
  for (const DicomSlice* slice : slices) {
    const std::string text = about(*slice);
    if (text.empty()) continue;
    Said& said = found[text];
    if (said.count++ == 0) said.first = name_of(*slice);
  }
  std::size_t left = kMostOfAKind;
  for (const auto& [text, said] : found) {
    if (left-- == 0) {
      notes.push_back("and " + std::to_string(found.size() - kMostOfAKind) +
                      " more notes of this kind");
      return;
    }
    const std::size_t colon = text.find(": ");
    notes.push_back(text.substr(0, colon) + " " + where(said, slices.size()) + text.substr(colon));
  }
}

/// A note about pixels that are counted in planes.
void add_note(const Slices& slices, const std::vector<Plane>& planes, std::int64_t Plane::* count,
              const std::string& text, const std::string& why, std::vector<std::string>& notes) {
  Said said;
  std::int64_t pixels = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (planes[i].*count == 0) continue;
    pixels += planes[i].*count;
    if (said.count++ == 0) said.first = name_of(*slices[i]);
  }
  if (pixels == 0) return;
  notes.push_back(std::to_string(pixels) + text + " " + where(said, slices.size()) + ": " + why);
}

}  // namespace

std::vector<std::string> slice_notes(const std::vector<const DicomSlice*>& slices,
                                     const std::vector<Plane>& planes) {
  std::vector<std::string> notes;
  add_notes(slices, about_rescale, notes);
  add_notes(slices, about_rescale_type, notes);
  add_notes(slices, about_origin, notes);
  add_notes(slices, about_compression, notes);
  add_notes(slices, about_surplus, notes);
  add_note(slices, planes, &Plane::padding, " padding pixels beyond the stored bits",
           "they became air (-1024 HU)", notes);
  add_note(slices, planes, &Plane::extended, " values below the range of the stored bits",
           "they were kept as they are", notes);
  return notes;
}

}  // namespace lungrt::io
