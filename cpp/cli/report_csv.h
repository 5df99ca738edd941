/// A report as CSV.
#pragma once

#include <lungrt/report.h>

#include <string>

namespace lungrt::cli {

/// One line a nodule, or one a candidate in pipeline order. The columns
/// `seriesuid,coordX,coordY,coordZ,probability` come first, as LUNA16's submissions have them (mm,
/// LPS; `probability` is p_nodule), then `p_malignant` (empty where it is not known),
/// `diameter_mm`, `volume_mm3` and the voxel `slice`, `row`, `column`. Byte for byte what Python's
/// Report.to_csv writes.
std::string to_csv(const Report& report, bool candidates);

/// The shortest text that reads back as the number, laid out as Python's repr does.
std::string shortest(double value);

}  // namespace lungrt::cli
