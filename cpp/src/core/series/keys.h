/// What tells the slices of a series apart: attributes of their headers, their place, their number.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/series/checks.h"

namespace lungrt::series {

/// Indices of headers.
using Slices = std::vector<std::size_t>;

/// A way to divide slices.
struct Division {
  std::vector<Slices> groups;  ///< two or more, each in the order of the divided slices
  bool named = false;          ///< whether each group has a value that is not empty
  bool by_kernel = false;
  bool guessed = false;  ///< whether it holds only if every group is a regular stack
};

/// Every way in which attributes, the place beside the normal or the order of instances divide
/// slices, the surest first. The slices are parallel and of one size.
std::vector<Division> divisions(const Headers& headers, const Slices& slices);

/// Groups of slices with the same value of a text; in the order of their first slices.
Division divide_by(const Headers& headers, const Slices& slices, std::string SliceHeader::* text);

/// The headers of some slices.
Headers chosen(const Headers& headers, const Slices& slices);

}  // namespace lungrt::series
