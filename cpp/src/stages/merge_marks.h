/// Marks to nodules.
#pragma once

#include <vector>

#include "lungrt/report.h"

namespace lungrt {

/// A nodule for each finding above the threshold, most likely first.
std::vector<Nodule> list_nodules(const std::vector<Finding>& findings, double threshold);

/// As above, with marks of one lesion merged: those whose spheres (of their estimated volumes) come
/// within 2 mm of each other, or whose centres are within 5 mm, directly or over others. What
/// erosion cut a lesion into lies as near as that.
std::vector<Nodule> merge_marks(const std::vector<Finding>& findings, double threshold,
                                const Geometry& geometry);

}  // namespace lungrt
