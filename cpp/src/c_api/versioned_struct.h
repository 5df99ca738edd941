/// Structures that grow: members are only ever added at their ends.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

#include "c_api/boundary.h"

namespace lungrt::c_api {

/// Size of a structure in the first header of this LUNGRT_C_ABI_VERSION. One that has grown since
/// gets a specialisation with the size it had.
template <typename Struct>
inline constexpr std::size_t kFirstSize = sizeof(Struct);

/// The size that the caller's structure says it has.
/// \throws Error kInvalidArgument for less than any header had, kUnsupportedVersion for more than
///         this library knows
template <typename Struct>
std::size_t checked_size(const Struct* given, const char* name) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, struct_size) == 0);
  const std::size_t size = required(given, name)->struct_size;
  const std::string found = std::string(name) + ".struct_size is " + std::to_string(size);
  if (size < kFirstSize<Struct>) {
    refuse(found + ", expected sizeof of the structure, " + std::to_string(sizeof(Struct)) +
           "; set it before the call");
  }
  if (size > sizeof(Struct)) {
    throw Error(ErrorCode::kUnsupportedVersion,
                found + ", this library knows " + std::to_string(sizeof(Struct)) +
                    " bytes of it: the program was compiled with a newer header; install the "
                    "library that belongs to it");
  }
  return size;
}

/// A copy of what the caller gave; members that its header did not have yet are zero.
template <typename Struct>
Struct read_struct(const Struct* given, const char* name) {
  Struct copy{};
  std::memcpy(&copy, given, checked_size(given, name));
  return copy;
}

/// Gives the caller as much of a structure as its header has.
template <typename Struct>
void write_struct(Struct value, Struct* place, const char* name) {
  value.struct_size = checked_size(place, name);
  std::memcpy(place, &value, value.struct_size);
}

}  // namespace lungrt::c_api
