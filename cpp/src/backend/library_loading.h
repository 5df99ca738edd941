/// Loading of lungrt's own libraries: engines and the CUDA core.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/library_status.h"
#include "lungrt/error.h"

namespace lungrt {

/// Buffer that a library writes its messages into.
class LibraryText {
 public:
  LungrtText* out() { return &text_; }
  std::string string() const { return buffer_.data(); }

 private:
  std::array<char, 2048> buffer_{};
  LungrtText text_{buffer_.data(), buffer_.size()};
};

ErrorCode code_of(LungrtStatus status);

/// Kind of library to open, for the messages.
struct LibraryKind {
  std::string where;         ///< start of each message: name and path
  std::string noun;          ///< "engine"
  std::string article;       ///< "an"
  std::string needs;         ///< what else must be installed
  const char* table_symbol;  ///< function that returns the table
  std::uint32_t abi;         ///< version of the table that this core uses
};

/// Opens a library, never to be unloaded, and calls its table function.
/// \throws Error kEngineUnavailable where it cannot be loaded or lacks the function
const void* open_library_table(const LibraryKind& kind, const std::filesystem::path& library);

/// Checks that a library fits this core.
/// \throws Error kUnsupportedVersion where it was built for another ABI or core version
void check_library_version(const LibraryKind& kind, std::uint32_t abi, const char* core_version);

/// Opens a library and checks its version.
/// \tparam Table  starts with the fields abi and core_version
template <typename Table>
const Table& open_table(const LibraryKind& kind, const std::filesystem::path& library) {
  const auto& table = *static_cast<const Table*>(open_library_table(kind, library));
  // If the ABI is another one, no other field may be read.
  check_library_version(kind, table.abi, table.abi == kind.abi ? table.core_version : nullptr);
  return table;
}

}  // namespace lungrt
