/// DICOM files composed byte by byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dicom/slice.h"

namespace lungrt::testing {

inline std::string little(std::uint32_t value, int bytes) {
  std::string result;
  for (int i = 0; i < bytes; ++i) result += static_cast<char>(value >> (8 * i) & 0xFFU);
  return result;
}

inline std::string tag(std::uint32_t number) {
  return little(number >> 16U, 2) + little(number & 0xFFFFU, 2);
}

/// An element with a 16-bit length, in explicit little endian.
inline std::string element(std::uint32_t number, const char* representation, std::string value) {
  if (value.size() % 2 == 1) value += ' ';
  return tag(number) + representation + little(static_cast<std::uint32_t>(value.size()), 2) + value;
}

/// An element with a 32-bit length.
inline std::string long_element(std::uint32_t number, const char* representation,
                                const std::string& value, std::uint32_t length) {
  return tag(number) + representation + std::string(2, '\0') + little(length, 4) + value;
}

inline std::string long_element(std::uint32_t number, const char* representation,
                                const std::string& value) {
  return long_element(number, representation, value, static_cast<std::uint32_t>(value.size()));
}

inline constexpr const char* kCtStorage = "1.2.840.10008.5.1.4.1.1.2";

/// Preamble, the mark DICM and the file meta group.
inline std::string dicom_start(const std::string& syntax = "1.2.840.10008.1.2.1",
                               const std::string& storage = kCtStorage) {
  return std::string(128, '\0') + "DICM" + element(0x00020002, "UI", storage) +
         element(0x00020010, "UI", syntax);
}

/// A slice of 2 x 3 pixels with the values 0, 1, ... plus 10 * number.
inline std::string dicom_slice(int number, const std::string& more = "") {
  std::string pixels;
  for (std::uint32_t i = 0; i < 6; ++i)
    pixels += little(i + 10U * static_cast<unsigned>(number), 2);
  return dicom_start() + element(0x00080060, "CS", "CT") + element(0x0020000E, "UI", "1.2.3") +
         element(0x00200032, "DS", "1\\2\\" + std::to_string(3 * number)) +
         element(0x00200037, "DS", "1\\0\\0\\0\\1\\0") + element(0x00280002, "US", little(1, 2)) +
         element(0x00280004, "CS", "MONOCHROME2") + element(0x00280010, "US", little(2, 2)) +
         element(0x00280011, "US", little(3, 2)) + element(0x00280030, "DS", "0.5\\0.25") +
         element(0x00280100, "US", little(16, 2)) + element(0x00280101, "US", little(16, 2)) +
         element(0x00280102, "US", little(15, 2)) + element(0x00280103, "US", little(0, 2)) +
         element(0x00281052, "DS", "-1024") + element(0x00281053, "DS", "1") + more +
         long_element(0x7FE00010, "OW", pixels);
}

/// An item, such as a fragment of pixels.
inline std::string item(const std::string& content) {
  return tag(0xFFFEE000) + little(static_cast<std::uint32_t>(content.size()), 4) + content;
}

/// The delimiter at the end of a sequence of undefined length.
inline std::string sequence_end() { return tag(0xFFFEE0DD) + little(0, 4); }

/// The slice of a file that has at most one.
inline std::optional<io::DicomSlice> read_slice(const std::filesystem::path& path) {
  const std::vector<io::DicomSlice> slices = io::read_slices(path);
  if (slices.empty()) return std::nullopt;
  return slices.front();
}

/// A file with one occurrence of some bytes replaced by others.
inline std::string replaced(std::string content, const std::string& from, const std::string& to) {
  return content.replace(content.find(from), from.size(), to);
}

}  // namespace lungrt::testing
