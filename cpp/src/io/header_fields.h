/// What the text headers of MetaImage and NRRD files have in common.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace lungrt::io {

/// Names, each with a value, and where they end.
struct HeaderFields {
  std::map<std::string, std::string> values;
  std::uint64_t end = 0;  ///< voxels may follow there

  /// Nothing where there is none.
  std::string text(const std::string& name) const;
  /// 0 where there is none.
  std::int64_t number(const std::string& name) const;
};

/// Without the blanks at its ends.
std::string trimmed(const std::string& text);

}  // namespace lungrt::io
