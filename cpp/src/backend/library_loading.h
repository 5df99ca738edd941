/// What loading any library of ours takes: engines, and the CUDA core.
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

/// What is to be opened, in the words of its messages.
struct LibraryKind {
  std::string where;         ///< begins each message: name and path
  std::string noun;          ///< "engine"
  std::string article;       ///< "an"
  std::string needs;         ///< what else must be installed
  const char* table_symbol;  ///< function that gives the table
  std::uint32_t abi;         ///< that this core has
};

/// Opens a library for the rest of the process and calls its table function.
/// \throws Error kEngineUnavailable where it cannot be loaded or has no such function
const void* open_library_table(const LibraryKind& kind, const std::filesystem::path& library);

/// \throws Error kUnsupportedVersion for another ABI or core
void check_library_version(const LibraryKind& kind, std::uint32_t abi, const char* core_version);

/// \tparam Table  begins with abi and core_version
template <typename Table>
const Table& open_table(const LibraryKind& kind, const std::filesystem::path& library) {
  const auto& table = *static_cast<const Table*>(open_library_table(kind, library));
  // Of another ABI, nothing but its number may be read.
  check_library_version(kind, table.abi, table.abi == kind.abi ? table.core_version : nullptr);
  return table;
}

}  // namespace lungrt
