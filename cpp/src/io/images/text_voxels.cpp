#include "io/images/text_voxels.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "io/utf8.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kChunk = 1 << 16;
constexpr std::string_view kSeparators = " \t\r\n\v\f,";

template <typename T>
T number(std::string_view word) {
  const std::string_view text = word[0] == '+' ? word.substr(1) : word;
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error("it has '" + excerpt(word) + "' where " +
                             (std::integral<T> ? "an integer of the voxels' type" : "a number") +
                             " was expected");
  }
  return value;
}

/// Calls `body` with each word of a text.
template <typename Body>
void for_each_word(ByteSource& source, std::uint64_t at, const Body& body) {
  while (at < source.size()) {
    const std::string_view chunk = source.bytes(at, kChunk);
    const bool is_last = chunk.empty() || at + chunk.size() >= source.size();
    // A word must not be cut in two.
    const std::size_t size = is_last ? chunk.size() : chunk.find_last_of(kSeparators) + 1;
    if (size == 0) throw std::runtime_error("it has a word that is too long for a number");
    std::string_view rest = chunk.substr(0, size);
    while (true) {
      const std::size_t begin = rest.find_first_not_of(kSeparators);
      if (begin == std::string_view::npos) break;
      rest.remove_prefix(begin);
      const std::size_t length = std::min(rest.find_first_of(kSeparators), rest.size());
      body(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    at += size;
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  throw std::runtime_error("it has '" + excerpt(std::string_view(&c, 1)) +
                           "' where a hexadecimal digit was expected");
}

}  // namespace

std::uint64_t read_numbers(ByteSource& source, std::uint64_t at, VoxelType type, void* target,
                           std::uint64_t count) {
  return with_type(type, [&](auto* voxel) {
    using T = std::remove_pointer_t<decltype(voxel)>;
    T* const values = static_cast<T*>(target);
    std::uint64_t found = 0;
    for_each_word(source, at, [&](std::string_view word) {
      if (found < count) values[found] = number<T>(word);
      ++found;
    });
    return found;
  });
}

std::uint64_t read_hex(ByteSource& source, std::uint64_t at, void* target, std::uint64_t count) {
  auto* const bytes = static_cast<unsigned char*>(target);
  std::uint64_t digits = 0;
  for_each_word(source, at, [&](std::string_view word) {
    for (const char c : word) {
      const int digit = hex_digit(c);
      const std::uint64_t index = digits++ / 2;
      if (index >= count) continue;
      const bool is_first = digits % 2 == 1;
      bytes[index] = static_cast<unsigned char>(is_first ? 16 * digit : bytes[index] + digit);
    }
  });
  return digits / 2;
}

}  // namespace lungrt::io
