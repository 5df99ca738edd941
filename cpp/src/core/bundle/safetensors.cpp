#include "core/bundle/safetensors.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include "core/bundle/json_field.h"
#include "core/bundle/read_file.h"
#include "core/bundle/strict_json.h"
#include "core/text.h"
#include "lungrt/error.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the format is little-endian, and values are copied without conversion");

namespace lungrt {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxAxes = 5;                     // weights of 3-D convolutions
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
constexpr auto kValueBytes = static_cast<std::int64_t>(sizeof(float));
constexpr const char* kMetadata = "__metadata__";

[[noreturn]] void refuse(const std::string& where, const std::string& problem) {
  throw Error(ErrorCode::kBadBundle, where + ": " + problem + "; export or copy the bundle again");
}

std::string in_bytes(std::uint64_t count) {
  return text::counted(static_cast<std::int64_t>(count), "byte");
}

/// Byte range of a tensor's values, counted from the end of the header.
struct Extent {
  std::int64_t begin;
  std::int64_t end;
  std::string name;
};

/// Text of the header; the values follow it.
std::string_view header_of(std::string_view bytes, const std::string& where) {
  if (bytes.size() < kLengthBytes) {
    refuse(where, "not a safetensors file: it has " + in_bytes(bytes.size()) +
                      ", expected at least the 8 that hold the length of its header");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    refuse(where, "not a safetensors file: its header claims " + std::to_string(length) +
                      " bytes, expected at most " + std::to_string(kMaxHeaderBytes));
  }
  bytes.remove_prefix(kLengthBytes);
  if (length > bytes.size()) {
    refuse(where, "truncated: its header claims " + in_bytes(length) + ", but only " +
                      in_bytes(bytes.size()) + " follow");
  }
  const std::string_view header = bytes.substr(0, static_cast<std::size_t>(length));
  if (header.empty() || header.front() != '{') {
    refuse(where, "not a safetensors file: its header does not begin with '{'");
  }
  return header;
}

/// Names appear in messages, so they must be short and free of a terminal's control sequences.
void check_name(const std::string& name, const std::string& where) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (name.empty() || name.size() > kMaxNameBytes || !printable) {
    refuse(where, "invalid name of a tensor: expected 1 to " + std::to_string(kMaxNameBytes) +
                      " bytes without control characters");
  }
}

std::map<std::string, std::string> parse_metadata(const JsonField& field) {
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : field.members()) {
    metadata[key] = value.any_text();
  }
  return metadata;
}

std::vector<std::int64_t> parse_shape(const JsonField& field) {
  const std::vector<JsonField> axes = field.items();
  field.require(axes.size() <= kMaxAxes, "at most " + std::to_string(kMaxAxes) + " axes");
  std::vector<std::int64_t> shape;
  // Empty axes count as 1, so that the product of any subset of the axes does not overflow either.
  std::int64_t bytes = kValueBytes;
  for (const JsonField& axis : axes) {
    shape.push_back(axis.integer(0, kMaxInteger));
    const std::int64_t size = std::max<std::int64_t>(shape.back(), 1);
    field.require(bytes <= kMaxInteger / size, "axes whose product does not overflow");
    bytes *= size;
  }
  return shape;
}

std::int64_t bytes_of(const std::vector<std::int64_t>& shape) {
  std::int64_t bytes = kValueBytes;
  for (const std::int64_t size : shape) bytes *= size;
  return bytes;
}

/// Byte range given by a tensor's offsets, which must fit its shape and lie within the file.
Extent parse_extent(const JsonField& field, const std::string& name,
                    const std::vector<std::int64_t>& shape, std::size_t data_bytes) {
  const std::vector<JsonField> offsets = field.items();
  field.require(offsets.size() == 2, "two numbers: offset of the first byte and after the last");
  Extent extent{offsets[0].integer(0, kMaxInteger), offsets[1].integer(0, kMaxInteger), name};
  field.require(extent.begin <= extent.end, "the lower number first");
  field.require(extent.end <= static_cast<std::int64_t>(data_bytes),
                "offsets within the " + in_bytes(data_bytes) + " that follow the header");
  field.require(extent.end - extent.begin == bytes_of(shape),
                text::counted(bytes_of(shape), "byte") + ", the size of its shape");
  return extent;
}

/// Checks that every byte of the values belongs to exactly one tensor.
void check_cover(std::vector<Extent> extents, std::size_t data_bytes, const std::string& where) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::int64_t covered = 0;
  const std::string* last = nullptr;
  for (const Extent& extent : extents) {
    if (extent.begin < covered) {
      refuse(where, "tensors " + *last + " and " + extent.name + " overlap");
    }
    if (extent.begin > covered) {
      refuse(where, "bytes " + std::to_string(covered) + " to " + std::to_string(extent.begin) +
                        " after the header, before tensor " + extent.name +
                        ", are not used by any tensor");
    }
    covered = extent.end;
    last = &extent.name;
  }
  if (covered != static_cast<std::int64_t>(data_bytes)) {
    refuse(where, "the tensors leave " + in_bytes(data_bytes - static_cast<std::size_t>(covered)) +
                      " at the end of the file unused");
  }
}

}  // namespace

Safetensors parse_safetensors(std::string_view bytes, const std::string& where) {
  const std::string_view header = header_of(bytes, where);
  const std::string_view data = bytes.substr(kLengthBytes + header.size());
  const JsonDocument document(header, where);

  Safetensors result;
  std::vector<Extent> extents;
  for (const auto& [name, field] : document.root().members()) {
    if (name == kMetadata) {
      result.metadata = parse_metadata(field);
      continue;
    }
    check_name(name, where);
    field.only({"dtype", "shape", "data_offsets"});
    field.at("dtype").require(field.at("dtype").is("F32"), "\"F32\"");
    result.tensors[name].shape = parse_shape(field.at("shape"));
    extents.push_back(
        parse_extent(field.at("data_offsets"), name, result.tensors[name].shape, data.size()));
  }
  check_cover(extents, data.size(), where);
  // Memory for the values is allocated only now that their sizes are known to fit the file.
  for (const Extent& extent : extents) {
    std::vector<float>& values = result.tensors[extent.name].values;
    values.resize(static_cast<std::size_t>((extent.end - extent.begin) / kValueBytes));
    if (values.empty()) continue;
    std::memcpy(values.data(), data.data() + extent.begin, values.size() * sizeof(float));
  }
  return result;
}

Safetensors read_safetensors(const std::filesystem::path& file) {
  return parse_safetensors(read_file(file), file.string());
}

}  // namespace lungrt
