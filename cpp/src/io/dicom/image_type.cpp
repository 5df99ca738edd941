#include "io/dicom/image_type.h"

#include <algorithm>

namespace lungrt::io {

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> result(1);
  for (const char letter : text) {
    if (letter == '\\') {
      result.emplace_back();
    } else {
      result.back() += letter;
    }
  }
  return result;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  return text;
}

bool has_image_type(const DicomSlice& slice, std::string_view value) {
  const std::vector<std::string> values = parts_of(upper(slice.image_type));
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace lungrt::io
