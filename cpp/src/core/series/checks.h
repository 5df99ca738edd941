/// Checks of the headers of a series, and the wording of its errors.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lungrt/series.h"

namespace lungrt::series {

using Headers = std::vector<SliceHeader>;

// What to do about slices.
inline constexpr const char* kCopyAgain =
    "the files are probably damaged; copy or download them again";
inline constexpr const char* kRemoveOthers = "remove the slices that do not belong to the scan";

std::string quoted(const std::string& name);
std::string mm(double value);

/// \throws Error kBadVolume  with the series and the problem
[[noreturn]] void refuse(const Headers& headers, const std::string& problem);

/// Quoted names of the slices for which a condition holds.
std::vector<std::string> names_where(const Headers& headers,
                                     const std::function<bool(const SliceHeader&)>& holds);

/// Checks that there are slices, and that they belong to one series and patient.
/// \throws Error kBadVolume
void require_one_series(const Headers& headers);

/// Checks the header of each slice by itself.
/// \throws Error kBadVolume
void require_valid_headers(const Headers& headers);

/// Checks that the slices have the same size, pixel spacing and orientation.
/// \throws Error kBadVolume
void require_uniform_headers(const Headers& headers);

bool same_size(const SliceHeader& a, const SliceHeader& b);
bool parallel(const SliceHeader& a, const SliceHeader& b);
/// Whether the pixel spacing of a slice is that of the first one.
bool same_pixel_spacing(const SliceHeader& slice, const SliceHeader& first);

}  // namespace lungrt::series
