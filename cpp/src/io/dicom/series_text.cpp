#include "io/dicom/series_text.h"

#include "io/dicom/words.h"

namespace lungrt::io {
namespace {

/// What tells a part apart, and its voxels: ", kernel B70f, 0.7 x 0.7 x 2.5 mm, 512 x 512 pixels".
std::string details(const SeriesPartInfo& part) {
  std::string result;
  if (!part.kernel.empty()) result += ", kernel " + part.kernel;
  if (!part.acquisition.empty()) result += ", acquisition " + part.acquisition;
  if (!part.phase.empty()) result += ", phase " + part.phase;
  if (part.problem.empty()) {
    result += ", " + words::number(part.spacing_mm[0]) + " x " + words::number(part.spacing_mm[1]) +
              " x " + words::number(part.spacing_mm[2]) + " mm, " +
              std::to_string(part.shape.rows) + " x " + std::to_string(part.shape.columns) +
              " pixels";
  } else {
    result += "; no volume: " + part.problem;
  }
  return result;
}

}  // namespace

std::string line(const SeriesPartInfo& part) {
  return part.name + "  " + words::slices(part.slices) + details(part);
}

std::string line(const SeriesInfo& info) {
  std::string result = info.uid + "  " + words::slices(info.slices) + "  " + info.modality + "  " +
                       (info.description.empty() ? "-" : info.description);
  if (!info.number.empty()) result += ", number " + info.number;
  if (!info.problem.empty()) return result + "; no volume: " + info.problem;
  if (info.parts.size() == 1) return result + details(info.parts.front());
  for (const SeriesPartInfo& part : info.parts) result += "\n    " + line(part);
  return result;
}

}  // namespace lungrt::io
