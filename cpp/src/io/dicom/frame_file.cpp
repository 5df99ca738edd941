#include "io/dicom/frame_file.h"

#include <cstdint>

namespace lungrt::io {
namespace {

constexpr const char* kCtImageStorage = "1.2.840.10008.5.1.4.1.1.2";
constexpr const char* kInstance = "2.25.1";  // decoders want one; it goes nowhere

/// Writes elements in explicit VR little endian.
class Writer {
 public:
  void number(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) content_ += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
  void tag(TagNumber tag) {
    number(tag >> 16U, 2);
    number(tag & 0xFFFFU, 2);
  }
  /// An element with a 16-bit length.
  void text(TagNumber number_of, const char* representation, std::string value) {
    if (value.size() % 2 == 1) value += representation == std::string_view("UI") ? '\0' : ' ';
    tag(number_of);
    content_ += representation;
    number(value.size(), 2);
    content_ += value;
  }
  void count(TagNumber number_of, int value) {
    tag(number_of);
    content_ += "US";
    number(2, 2);
    number(static_cast<std::uint64_t>(value), 2);
  }
  void item(std::string_view value) {
    tag(0xFFFEE000);
    number(value.size() + value.size() % 2, 4);
    content_ += value;
    if (value.size() % 2 == 1) content_ += '\0';
  }
  void bytes(std::string_view value) { content_ += value; }
  std::string take() { return std::move(content_); }

 private:
  std::string content_;
};

std::string meta(const DicomSlice& slice) {
  const TransferSyntax& syntax = slice.pixels.syntax;
  Writer writer;
  writer.tag(0x00020001);
  writer.bytes(std::string_view("OB\0\0\2\0\0\0\0\1", 10));  // version 1 of the meta group
  writer.text(0x00020002, "UI", kCtImageStorage);
  writer.text(0x00020003, "UI", kInstance);
  writer.text(0x00020010, "UI", syntax.decoded_as.empty() ? syntax.uid : syntax.decoded_as);
  return writer.take();
}

}  // namespace

std::string frame_file(const DicomSlice& slice, std::string_view data, int stored_bits) {
  const std::string group = meta(slice);
  Writer writer;
  writer.bytes(std::string(128, '\0') + "DICM");
  writer.tag(0x00020000);
  writer.bytes("UL");
  writer.number(4, 2);
  writer.number(group.size(), 4);
  writer.bytes(group);
  writer.text(0x00080016, "UI", kCtImageStorage);
  writer.text(0x00080018, "UI", kInstance);
  writer.text(0x00080060, "CS", "CT");
  writer.count(0x00280002, 1);
  writer.text(0x00280004, "CS", "MONOCHROME2");
  writer.count(0x00280010, std::stoi(slice.rows));
  writer.count(0x00280011, std::stoi(slice.columns));
  writer.count(0x00280100, slice.pixels.bits_allocated);
  writer.count(0x00280101, stored_bits);
  writer.count(0x00280102, stored_bits - 1);
  writer.count(0x00280103, slice.pixels.is_signed ? 1 : 0);
  writer.text(0x00281052, "DS", "0");
  writer.text(0x00281053, "DS", "1");
  writer.tag(0x7FE00010);
  writer.bytes("OB");
  writer.number(0, 2);
  writer.number(kUndefinedLength, 4);
  writer.item("");  // no offset table
  writer.item(data);
  writer.tag(0xFFFEE0DD);
  writer.number(0, 4);
  return writer.take();
}

}  // namespace lungrt::io
