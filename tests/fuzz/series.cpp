#include "lungrt/series.h"

#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "input_reader.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

/// A slice that equals the first one, except for the fields that the input changes.
SliceHeader header_of(InputReader& reader, const SliceHeader& first, std::int64_t index) {
  SliceHeader header = first;
  header.name = "slice-" + std::to_string(index);
  header.position_mm[2] += 2.0 * static_cast<double>(index);
  const auto changes = reader.raw<std::uint8_t>();
  if (changes & 1) header.position_mm[2] = reader.number();
  if (changes & 2)
    header.position_mm[static_cast<std::size_t>(reader.small(0, 2))] = reader.number();
  if (changes & 4)
    header.orientation[static_cast<std::size_t>(reader.small(0, 5))] = reader.number();
  if (changes & 8) {
    header.pixel_spacing_mm[static_cast<std::size_t>(reader.small(0, 1))] = reader.number();
  }
  if (changes & 16) header.rows = reader.raw<std::int64_t>();
  if (changes & 32) header.columns = reader.raw<std::int64_t>();
  if (changes & 64) header.localizer = reader.flag();
  if (changes & 128) {
    header.series_uid = reader.flag() ? "2" : "";
    header.modality = reader.flag() ? "MR" : "CT";
  }
  return header;
}

SliceHeader first_header(InputReader& reader) {
  SliceHeader first;
  first.series_uid = "1";
  first.modality = "CT";
  first.orientation = {1, 0, 0, 0, 1, 0};
  first.pixel_spacing_mm = {0.7, 0.8};
  first.rows = first.columns = 512;
  const auto changes = reader.raw<std::uint8_t>();
  if (changes & 1) {
    for (double& value : first.position_mm) value = reader.number();
  }
  if (changes & 2) {
    for (double& value : first.orientation) value = reader.number();
  }
  if (changes & 4) {
    for (double& value : first.pixel_spacing_mm) value = reader.number();
  }
  return first;
}

/// Attributes that may tell parts apart. They are read after all headers, so that inputs which end
/// earlier have none.
void add_attributes(InputReader& reader, SliceHeader& header) {
  const auto changes = reader.raw<std::uint8_t>();
  const auto value = [&] { return std::to_string(reader.small(0, 3)); };
  if (changes & 1) header.kernel = value();
  if (changes & 2) header.acquisition = value();
  if (changes & 4) header.phase = value();
  if (changes & 8) header.frame_of_reference = value();
  if (changes & 16) header.instance_number = std::to_string(reader.raw<std::int8_t>());
  if (changes & 32) header.image_type = header.description = header.series_number = value();
  if (changes & 64) header.position_unit_mm = {reader.number(), reader.number(), reader.number()};
  if (changes & 128) header.patient_id = value();
}

/// Each slice is in one part at most, and a part that has no problem is a volume.
void check_parts(const std::vector<SliceHeader>& headers) {
  const SeriesParts split = split_series(headers);
  check(!split.parts.empty(), "no parts");
  std::vector<bool> seen(headers.size(), false);
  for (const SeriesPart& part : split.parts) {
    std::vector<SliceHeader> own;
    for (const std::size_t slice : part.slices) {
      check(slice < headers.size() && !seen[slice], "a slice that is none, or in two parts");
      seen[slice] = true;
      own.push_back(headers[slice]);
    }
    check(!own.empty(), "a part without slices");
    if (part.problem.empty()) check(plan_series(own).shape.slices >= 2, "a part is no volume");
  }
}

}  // namespace

void series(std::string_view input) {
  InputReader reader(input);
  const bool resample = reader.flag();
  const std::int64_t count = reader.small(0, 40);
  const SliceHeader first = first_header(reader);
  std::vector<SliceHeader> headers;
  for (std::int64_t i = 0; i < count; ++i) headers.push_back(header_of(reader, first, i));

  for (SliceHeader& header : headers) add_attributes(reader, header);

  accepts({ErrorCode::kBadVolume}, [&] { check_parts(headers); });
  accepts({ErrorCode::kBadVolume}, [&] {
    const SeriesLayout layout = plan_series(headers, resample);
    check(layout.shape.slices == static_cast<std::int64_t>(layout.slices.size()), "slices");
    check(layout.slices.size() >= 2 && layout.slices.size() <= 2 * headers.size() + 1,
          "slices out of proportion to those there are");
    check(resample || !layout.resampled, "resampled without leave");
    for (const SliceBlend& blend : layout.slices) {
      check(blend.lower < headers.size() && blend.upper < headers.size(), "a slice that is none");
      check(blend.weight >= 0 && blend.weight <= 1, "a weight beyond 0 and 1");
    }
    check(layout.shifts.empty() || layout.shifts.size() == headers.size(), "too few shifts");
    for (const auto& [rows, columns] : layout.shifts) {
      check(rows >= 0 && rows <= static_cast<double>(layout.shape.rows - headers[0].rows),
            "a slice beyond the rows of the volume");
      check(
          columns >= 0 && columns <= static_cast<double>(layout.shape.columns - headers[0].columns),
          "a slice beyond the columns of the volume");
    }
    for (const double mm : layout.geometry.to_world(VoxelIndex{
             layout.shape.slices - 1, layout.shape.rows - 1, layout.shape.columns - 1})) {
      check(std::isfinite(mm), "the last voxel has no place");
    }
  });
}

}  // namespace lungrt::fuzz
