#include <algorithm>
#include <array>
#include <string_view>

#include "io/dicom/image_type.h"
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
constexpr NamedTag kIntercept{"0028,1052", "RescaleIntercept"};
constexpr NamedTag kSlope{"0028,1053", "RescaleSlope"};

/// Numbers of a tag.
template <std::size_t kCount>
std::array<double, kCount> parsed(const DicomSlice& slice, const NamedTag& tag,
                                  const std::string& text) {
  std::array<double, kCount> values{};
  const std::vector<std::string> found = parts_of(text);
  bool valid = found.size() == kCount;
  for (std::size_t i = 0; valid && i < kCount; ++i) valid = parse_number(found[i], values[i]);
  if (!valid) {
    throw Error(ErrorCode::kBadVolume, place_of(slice) + ": " + tag.name + " (" + tag.number +
                                           ") is '" + text + "', expected " +
                                           std::to_string(kCount) +
                                           (kCount == 1 ? " number" : " numbers"));
  }
  return values;
}

/// Values of a tag that every CT slice must have.
template <std::size_t kCount>
std::array<double, kCount> numbers(const DicomSlice& slice, const NamedTag& tag,
                                   const std::string& text) {
  if (text.empty()) {
    throw Error(ErrorCode::kBadVolume,
                place_of(slice) + ": " + tag.name + " (" + tag.number +
                    ") is missing, but every slice of a CT needs it; this file's modality is " +
                    (slice.modality.empty() ? "missing as well" : slice.modality));
  }
  return parsed<kCount>(slice, tag, text);
}

[[noreturn]] void refuse(const DicomSlice& slice, const std::string& what) {
  throw Error(ErrorCode::kBadVolume, place_of(slice) + ": " + what);
}

/// Unit of the last digit that a number is written with: 0.01 for "-12.50"; 0 for a number with an
/// exponent, whose digits are as many as its type had. A lone ".0" is no digit: so programs print
/// whole numbers that they hold as fractions.
double unit_of(const std::string& number) {
  if (number.find_first_of("eE") != std::string::npos) return 0;
  const std::size_t point = number.find('.');
  if (point == std::string::npos || number.compare(point, std::string::npos, ".0") == 0) return 1;
  double unit = 1;
  for (std::size_t i = point + 1; i < number.size() && number[i] >= '0' && number[i] <= '9'; ++i) {
    unit /= 10;
  }
  return unit;
}

void require_grey_image(const DicomSlice& slice) {
  if (slice.frame == 0 && !slice.frames.empty() && slice.frames != "1") {
    refuse(slice, "a multi-frame image (" + slice.frames +
                      " frames) that does not say where each frame lies (functional groups "
                      "5200,9230); convert it to one file per slice, or to .nii.gz or .mha");
  }
  if (!slice.samples.empty() && slice.samples != "1") {
    refuse(slice, slice.samples + " samples per pixel (a colour image); a CT slice has 1");
  }
  // It should affect the display only, but some versions of ITK invert the stored values.
  if (slice.greys == "MONOCHROME1") {
    refuse(slice,
           "its grey levels are inverted (photometric interpretation MONOCHROME1), which readers "
           "interpret differently; convert it to MONOCHROME2");
  }
  if (slice.greys == "PALETTE COLOR") {
    refuse(slice,
           "its pixels are colours of a palette (photometric interpretation PALETTE COLOR), not "
           "Hounsfield units; choose the series that was reconstructed from the scan");
  }
}

/// What a rescale type stands for if its values are no Hounsfield units (PS3.3, C.11.1.1.2); null
/// otherwise.
const char* other_quantity(const std::string& type) {
  struct Quantity {
    std::string_view type;
    const char* meaning;
  };
  constexpr std::array<Quantity, 6> kQuantities{{
      {"OD", "optical density"},
      {"MGML", "mg/ml"},
      {"Z_EFF", "effective atomic number"},
      {"ED", "electron density"},
      {"EDW", "electron density relative to water"},
      {"PCT", "percent"},
  }};
  for (const Quantity& quantity : kQuantities) {
    if (quantity.type == upper(type)) return quantity.meaning;
  }
  return nullptr;
}

void require_hounsfield_units(const DicomSlice& slice) {
  if (const char* meaning = other_quantity(slice.rescale_type)) {
    refuse(slice, "its values are not Hounsfield units: RescaleType (0028,1054) is " +
                      slice.rescale_type + " (" + meaning +
                      "), expected HU; choose the series that was reconstructed in HU");
  }
  if (slice.has_modality_table) {
    refuse(slice,
           "its values are mapped by a Modality LUT Sequence (0028,3000), which lungrt does not "
           "apply; convert it to RescaleSlope and RescaleIntercept");
  }
  rescale_of(slice);
}

}  // namespace

Rescale rescale_of(const DicomSlice& slice) {
  Rescale rescale;
  if (!slice.slope.empty()) rescale.slope = parsed<1>(slice, kSlope, slice.slope)[0];
  if (!slice.intercept.empty()) {
    rescale.intercept = parsed<1>(slice, kIntercept, slice.intercept)[0];
  }
  if (rescale.slope == 0) rescale.slope = 1;  // as decoders do; a note says so
  return rescale;
}

void require_readable(const DicomSlice& slice) {
  const Defect& defect = slice.defect;
  if (!defect.reason.empty()) refuse_defect(slice.path, defect);
}

SliceHeader slice_header(const DicomSlice& slice) {
  require_grey_image(slice);  // a colour image is none of a CT, whether it can be read or not
  require_readable(slice);
  require_hounsfield_units(slice);
  // plan_series checks the values; here they only have to exist.
  SliceHeader header;
  header.rows = static_cast<std::int64_t>(numbers<1>(slice, kRows, slice.rows)[0]);
  header.columns = static_cast<std::int64_t>(numbers<1>(slice, kColumns, slice.columns)[0]);
  header.name = name_of(slice);
  header.series_uid = slice.series_uid;
  header.modality = slice.modality;
  header.localizer = has_image_type(slice, "LOCALIZER");
  header.position_mm = numbers<3>(slice, kPosition, slice.position);
  header.orientation = numbers<6>(slice, kOrientation, slice.orientation);
  header.pixel_spacing_mm = numbers<2>(slice, kPixelSpacing, slice.pixel_spacing);
  const std::vector<std::string> coordinates = parts_of(slice.position);
  for (std::size_t i = 0; i < 3; ++i) header.position_unit_mm[i] = unit_of(coordinates[i]);
  header.patient_id = slice.patient_id;
  header.frame_of_reference = slice.frame_of_reference;
  header.acquisition = slice.acquisition;
  header.kernel = slice.kernel;
  // Frames of one file are also told apart by their stack.
  header.phase = slice.temporal_position.empty() ? slice.stack : slice.temporal_position;
  header.image_type = slice.image_type;
  header.description = slice.description;
  header.series_number = slice.series_number;
  header.instance_number = slice.instance_number;
  return header;
}

}  // namespace lungrt::io
