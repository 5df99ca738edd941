/// Nodules from the candidates that are above the threshold ("marks").
#pragma once

#include <vector>

#include "lungrt/report.h"

namespace lungrt {

/// One nodule per finding above the threshold, most likely first.
std::vector<Nodule> list_nodules(const std::vector<Finding>& findings, double threshold);

/// As above, with the marks of one lesion merged into one nodule. Marks belong together where the
/// spheres of their estimated volumes come within 2 mm of each other or their centres within 5 mm,
/// directly or through other marks: parts into which erosion splits a lesion are that close.
std::vector<Nodule> merge_marks(const std::vector<Finding>& findings, double threshold,
                                const Geometry& geometry);

}  // namespace lungrt
