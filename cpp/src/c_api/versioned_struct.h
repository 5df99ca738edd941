/// Structures that may grow: members are only ever added at the end.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

#include "c_api/boundary.h"
#include "lungrt/c_api.h"

namespace lungrt::c_api {

/// Size of a structure in the first header of this LUNGRT_C_ABI_VERSION. A structure that grows
/// gets a specialisation with its first size.
template <typename Struct>
inline constexpr std::size_t kFirstSize = sizeof(Struct);
template <>
inline constexpr std::size_t kFirstSize<lungrt_pipeline_options> =
    offsetof(lungrt_pipeline_options, voxel_order);
template <>
inline constexpr std::size_t kFirstSize<lungrt_provenance> =
    offsetof(lungrt_provenance, voxel_order);

/// Size of the caller's structure, according to its struct_size.
/// \throws Error kInvalidArgument if it is smaller than in any header, kUnsupportedVersion if it is
///         larger than in this library
template <typename Struct>
std::size_t checked_size(const Struct* given, const char* name) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, struct_size) == 0);
  const std::size_t size = required(given, name)->struct_size;
  const std::string found = std::string(name) + ".struct_size is " + std::to_string(size);
  if (size < kFirstSize<Struct>) {
    refuse(found + ", expected " + std::to_string(sizeof(Struct)) +
           ", the sizeof of the structure; set it before the call");
  }
  if (size > sizeof(Struct)) {
    throw Error(ErrorCode::kUnsupportedVersion,
                found + ", but this library knows only " + std::to_string(sizeof(Struct)) +
                    " bytes: the program was compiled with a newer header; install the library "
                    "that belongs to that header");
  }
  return size;
}

/// A copy of the caller's structure; members that its header does not have are zero.
template <typename Struct>
Struct read_struct(const Struct* given, const char* name) {
  Struct copy{};
  std::memcpy(&copy, given, checked_size(given, name));
  return copy;
}

/// Writes a structure to the caller, as far as the caller's header knows its members.
template <typename Struct>
void write_struct(Struct value, Struct* place, const char* name) {
  value.struct_size = checked_size(place, name);
  std::memcpy(place, &value, value.struct_size);
}

}  // namespace lungrt::c_api
