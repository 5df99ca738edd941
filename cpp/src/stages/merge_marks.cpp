#include "stages/merge_marks.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lungrt {
namespace {

constexpr double kGapMm = 2.0, kNearMm = 5.0;

bool one_lesion(const Candidate& a, const Candidate& b) {
  const double apart = std::hypot(a.center_mm[0] - b.center_mm[0], a.center_mm[1] - b.center_mm[1],
                                  a.center_mm[2] - b.center_mm[2]);
  return apart <= std::max(kNearMm, 0.5 * (a.diameter_mm + b.diameter_mm) + kGapMm);
}

VoxelBox around(const VoxelBox& a, const VoxelBox& b) {
  return {{std::min(a.first.slice, b.first.slice), std::min(a.first.row, b.first.row),
           std::min(a.first.column, b.first.column)},
          {std::max(a.last.slice, b.last.slice), std::max(a.last.row, b.last.row),
           std::max(a.last.column, b.last.column)}};
}

/// Merges a less likely mark into a nodule.
void absorb(const Nodule& mark, Nodule& nodule) {
  nodule.marks.insert(nodule.marks.end(), mark.marks.begin(), mark.marks.end());
  nodule.volume_mm3 += mark.volume_mm3;
  nodule.box = around(nodule.box, mark.box);
  if (mark.p_malignant) {
    nodule.p_malignant = std::max(nodule.p_malignant.value_or(0.0), *mark.p_malignant);
  }
}

/// For each mark, the first mark of its lesion; marks belong together directly or through others.
std::vector<std::size_t> lesions_of(const std::vector<Nodule>& marks) {
  std::vector<std::size_t> lesion(marks.size());
  std::iota(lesion.begin(), lesion.end(), std::size_t{0});
  const auto root = [&](std::size_t k) {
    while (lesion[k] != k) k = lesion[k] = lesion[lesion[k]];
    return k;
  };
  for (std::size_t i = 0; i < marks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!one_lesion(marks[i], marks[j])) continue;
      const std::size_t a = root(i), b = root(j);
      lesion[std::max(a, b)] = std::min(a, b);
    }
  }
  for (std::size_t k = 0; k < lesion.size(); ++k) lesion[k] = root(k);
  return lesion;
}

}  // namespace

std::vector<Nodule> list_nodules(const std::vector<Finding>& findings, double threshold) {
  std::vector<Nodule> nodules;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (!(findings[i].p_nodule > threshold)) continue;
    Nodule& nodule = nodules.emplace_back();
    static_cast<Finding&>(nodule) = findings[i];
    nodule.marks = {static_cast<std::int64_t>(i)};
  }
  std::stable_sort(nodules.begin(), nodules.end(),
                   [](const Nodule& a, const Nodule& b) { return a.p_nodule > b.p_nodule; });
  return nodules;
}

std::vector<Nodule> merge_marks(const std::vector<Finding>& findings, double threshold,
                                const Geometry& geometry) {
  const std::vector<Nodule> marks = list_nodules(findings, threshold);
  const std::vector<std::size_t> lesion = lesions_of(marks);
  // Marks are sorted by falling probability, so the first mark of a lesion represents it.
  std::vector<Nodule> nodules;
  std::vector<std::size_t> place(marks.size());
  for (std::size_t k = 0; k < marks.size(); ++k) {
    if (lesion[k] == k) {
      place[k] = nodules.size();
      nodules.push_back(marks[k]);
    } else {
      absorb(marks[k], nodules[place[lesion[k]]]);
    }
  }
  for (Nodule& nodule : nodules) {
    if (nodule.marks.size() == 1) continue;
    nodule.diameter_mm = std::cbrt(6.0 * nodule.volume_mm3 / std::numbers::pi);
    nodule.extent_mm = geometry.extent_mm(nodule.box);
  }
  return nodules;
}

}  // namespace lungrt
