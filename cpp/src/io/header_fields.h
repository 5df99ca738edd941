/// Text headers of MetaImage and NRRD files.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace lungrt::io {

/// Fields of a header.
struct HeaderFields {
  std::map<std::string, std::string> values;  ///< by name
  std::uint64_t end = 0;  ///< offset of the first byte after the header, where voxels may begin

  /// Value of a field; empty if there is none.
  std::string text(const std::string& name) const;
  /// Number in a field; 0 if there is none.
  std::int64_t number(const std::string& name) const;
};

/// A text without leading and trailing blanks.
std::string trimmed(const std::string& text);

}  // namespace lungrt::io
