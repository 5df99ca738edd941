#include "ops/lung_field/envelope.h"

#include "ops/lung_field/distance.h"
#include "ops/lung_field/hull.h"
#include "ops/lung_field/morphology.h"

namespace lungrt::ops {
namespace {

constexpr double kClosingMm = 15.0;
constexpr double kHullMm = 30.0;
constexpr float kMarginMm = 12.0F;

}  // namespace

CellMask lung_envelope(const CellMask& lung, const CellSpacing& spacing_mm) {
  CellMask envelope(lung.shape());
  const CellBox box = bounding_box(lung, kHullMm + 6.0, spacing_mm);
  if (box.empty()) return envelope;
  CellMask part = close_with_ball(cut_out(lung, box), kClosingMm, spacing_mm);
  fill_holes_in_slices(part);
  const Cells<float> distance = distance_to(part, kHullMm, spacing_mm);
  const CellMask hulls = hulls_in_three_planes(part);
  for (std::int64_t cell = 0; cell < part.size(); ++cell) {
    part[cell] |= distance[cell] <= kMarginMm || (hulls[cell] && distance[cell] <= kHullMm);
  }
  add_at(envelope, part, box);
  return envelope;
}

}  // namespace lungrt::ops
