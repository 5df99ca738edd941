#include <algorithm>
#include <array>

#include "io/dicom/slice.h"
#include "io/numbers.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

struct NamedTag {
  const char* number;
  const char* name;
};
constexpr NamedTag kPosition{"0020,0032", "ImagePositionPatient"};
constexpr NamedTag kOrientation{"0020,0037", "ImageOrientationPatient"};
constexpr NamedTag kRows{"0028,0010", "Rows"};
constexpr NamedTag kColumns{"0028,0011", "Columns"};
constexpr NamedTag kPixelSpacing{"0028,0030", "PixelSpacing"};

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> result(1);
  for (const char letter : text) {
    if (letter == '\\') {
      result.emplace_back();
    } else {
      result.back() += letter;
    }
  }
  return result;
}

/// Values of a tag that every CT slice must have.
template <std::size_t kCount>
std::array<double, kCount> numbers(const DicomSlice& slice, const NamedTag& tag,
                                   const std::string& text) {
  const std::string where = slice.path.string() + ": " + tag.name + " (" + tag.number + ")";
  if (text.empty()) {
    throw Error(ErrorCode::kBadVolume,
                where + " is missing, but every slice of a CT needs it; this file's modality is " +
                    (slice.modality.empty() ? "missing as well" : slice.modality));
  }
  std::array<double, kCount> values{};
  const std::vector<std::string> found = parts(text);
  bool valid = found.size() == kCount;
  for (std::size_t i = 0; valid && i < kCount; ++i) valid = parse_number(found[i], values[i]);
  if (!valid) {
    throw Error(ErrorCode::kBadVolume,
                where + " is '" + text + "', expected " + std::to_string(kCount) + " numbers");
  }
  return values;
}

bool is_localizer(const std::string& image_type) {
  std::string upper = image_type;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  const std::vector<std::string> values = parts(upper);
  return std::find(values.begin(), values.end(), "LOCALIZER") != values.end();
}

void require_single_grey_frame(const DicomSlice& slice) {
  if (!slice.frames.empty() && slice.frames != "1") {
    throw Error(ErrorCode::kBadVolume,
                slice.path.string() + ": a multi-frame image (" + slice.frames +
                    " frames) is not supported; convert it to one file per slice, or to .nii.gz or "
                    ".mha");
  }
  if (!slice.samples.empty() && slice.samples != "1") {
    throw Error(ErrorCode::kBadVolume, slice.path.string() + ": " + slice.samples +
                                           " samples per pixel (a colour image); a CT slice has 1");
  }
  // It should affect the display only, but some versions of ITK invert the stored values.
  if (slice.greys == "MONOCHROME1") {
    throw Error(
        ErrorCode::kBadVolume,
        slice.path.string() +
            ": its grey levels are inverted (photometric interpretation MONOCHROME1), which "
            "readers interpret differently; convert it to MONOCHROME2");
  }
}

}  // namespace

SliceHeader slice_header(const DicomSlice& slice) {
  require_single_grey_frame(slice);
  // plan_series checks the values; here they only have to exist.
  SliceHeader header;
  header.rows = static_cast<std::int64_t>(numbers<1>(slice, kRows, slice.rows)[0]);
  header.columns = static_cast<std::int64_t>(numbers<1>(slice, kColumns, slice.columns)[0]);
  header.name = slice.path.filename().string();
  header.series_uid = slice.series_uid;
  header.modality = slice.modality;
  header.localizer = is_localizer(slice.image_type);
  header.position_mm = numbers<3>(slice, kPosition, slice.position);
  header.orientation = numbers<6>(slice, kOrientation, slice.orientation);
  header.pixel_spacing_mm = numbers<2>(slice, kPixelSpacing, slice.pixel_spacing);
  return header;
}

}  // namespace lungrt::io
