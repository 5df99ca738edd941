/// Reports as CSV.
#pragma once

#include <lungrt/report.h>

#include <string>

namespace lungrt::cli {

/// The report as CSV: one line per nodule, or one per candidate in pipeline order. The first
/// columns are those of a LUNA16 submission, `seriesuid,coordX,coordY,coordZ,probability` (mm, LPS;
/// `probability` is p_nodule). `p_malignant` (empty if it is unknown), `diameter_mm`, `volume_mm3`
/// and the voxel `slice`, `row`, `column` follow. Equal byte for byte to Python's Report.to_csv.
std::string to_csv(const Report& report, bool candidates);

/// The shortest text that is read back as the same number, formatted like Python's repr.
std::string shortest(double value);

}  // namespace lungrt::cli
