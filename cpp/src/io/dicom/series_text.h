/// Series and their parts as text.
#pragma once

#include <string>

#include "lungrt/io.h"

namespace lungrt::io {

/// A part in one line: name, slices, what tells it apart, voxels, and its problem.
std::string line(const SeriesPartInfo& part);

/// A series in one line and, if it has several parts, each of them in a line of its own.
std::string line(const SeriesInfo& info);

}  // namespace lungrt::io
