#include "io/dicom/fragments.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kItemHead = 8;  // bytes of an item's tag and length

std::uint64_t length_of(std::string_view item) {
  std::uint64_t value = 0;
  for (std::size_t i = kItemHead; i-- > 4;) {
    value = value << 8U | static_cast<unsigned char>(item[i]);
  }
  return value;
}

}  // namespace

std::vector<std::string_view> fragments_of(std::string_view content, std::uint64_t at) {
  std::vector<std::string_view> fragments;
  for (bool is_table = true; at + kItemHead <= content.size(); is_table = false) {
    const std::string_view item = content.substr(static_cast<std::size_t>(at));
    if (item.substr(0, 4) != std::string_view("\xFE\xFF\x00\xE0", 4)) break;
    const std::uint64_t bytes = length_of(item);
    if (!is_table) fragments.push_back(item.substr(kItemHead, static_cast<std::size_t>(bytes)));
    at += kItemHead + bytes;
  }
  return fragments;
}

}  // namespace lungrt::io
