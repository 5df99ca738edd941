#include "io/dicom/character_set.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <vector>

#include "io/utf8.h"

namespace lungrt::io {
namespace {

constexpr char kEscape = '\x1B';
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr const char* kUtf8 = "UTF-8";

/// A character set of DICOM and its name in iconv: PS3.3, C.12.1.1.2.
struct CharacterSet {
  std::string_view name;
  const char* encoding;
};
constexpr std::array<CharacterSet, 21> kSets{{
    {"ISO IR 6", "ASCII"},
    {"ISO IR 100", "ISO-8859-1"},
    {"ISO IR 101", "ISO-8859-2"},
    {"ISO IR 109", "ISO-8859-3"},
    {"ISO IR 110", "ISO-8859-4"},
    {"ISO IR 144", "ISO-8859-5"},
    {"ISO IR 127", "ISO-8859-6"},
    {"ISO IR 126", "ISO-8859-7"},
    {"ISO IR 138", "ISO-8859-8"},
    {"ISO IR 148", "ISO-8859-9"},
    {"ISO IR 203", "ISO-8859-15"},
    {"ISO IR 13", "SHIFT_JIS"},
    {"ISO IR 166", "TIS-620"},
    {"ISO IR 192", kUtf8},
    {"ISO IR 87", "ISO-2022-JP"},
    {"ISO IR 159", "ISO-2022-JP-2"},
    {"ISO IR 149", "EUC-KR"},
    {"ISO IR 58", "GB2312"},
    {"GB18030", "GB18030"},
    {"GBK", "GBK"},
    {"UTF 8", kUtf8},
}};

/// What follows an escape character, and the encoding of the text after it. Japanese sets are two
/// 7-bit bytes, which iconv knows by the escape sequence itself.
struct Switch {
  std::string_view sequence;
  const char* encoding;
  bool with_sequence = false;
};
constexpr std::array<Switch, 18> kSwitches{{
    {"(B", "ASCII"},
    {"-A", "ISO-8859-1"},
    {"-B", "ISO-8859-2"},
    {"-C", "ISO-8859-3"},
    {"-D", "ISO-8859-4"},
    {"-L", "ISO-8859-5"},
    {"-G", "ISO-8859-6"},
    {"-F", "ISO-8859-7"},
    {"-H", "ISO-8859-8"},
    {"-M", "ISO-8859-9"},
    {"-b", "ISO-8859-15"},
    {"-T", "TIS-620"},
    {")I", "SHIFT_JIS"},
    {"(J", "SHIFT_JIS"},
    {"$)C", "EUC-KR"},
    {"$)A", "GB2312"},
    {"$B", "ISO-2022-JP", true},
    {"$(D", "ISO-2022-JP-2", true},
}};

/// A descriptor of iconv.
class Converter {
 public:
  explicit Converter(const char* encoding) : descriptor_(::iconv_open(kUtf8, encoding)) {}
  ~Converter() {
    if (is_open()) ::iconv_close(descriptor_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool is_open() const { return descriptor_ != reinterpret_cast<iconv_t>(-1); }

  std::string convert(std::string text) const {
    std::string result;
    char* input = text.data();
    std::size_t left = text.size();
    while (left > 0) {
      std::array<char, 256> buffer;
      char* output = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t status = ::iconv(descriptor_, &input, &left, &output, &room);
      const int reason = errno;
      result.append(buffer.data(), output);
      if (status != static_cast<std::size_t>(-1) || reason == E2BIG) continue;
      // An invalid character, or one that the text ends within.
      result += kReplacement;
      if (left == 0) break;
      ++input;
      --left;
    }
    return result;
  }

 private:
  iconv_t descriptor_;
};

std::string convert(std::string_view text, const char* encoding) {
  const Converter converter(encoding);
  // clean() replaces what is not ASCII, where the system lacks an encoding.
  return converter.is_open() ? converter.convert(std::string(text)) : clean(text);
}

/// "ISO IR 100" for "ISO_IR 100", "ISO 2022 IR 100" and other ways in which files write it.
std::string normalised(std::string_view name) {
  std::string result;
  for (const char letter : name) {
    const bool separates = letter == '_' || letter == '-' || letter == ' ';
    if (separates && (result.empty() || result.back() == ' ')) continue;
    result += separates ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  constexpr std::string_view kExtensible = "ISO 2022 ";
  if (result.rfind(kExtensible, 0) == 0) result.erase(4, kExtensible.size() - 4);
  return result;
}

/// Encoding in which texts begin.
/// \return null if it is not known
const char* first_encoding(const std::string& character_set) {
  const std::string name = normalised(character_set.substr(0, character_set.find('\\')));
  for (const CharacterSet& set : kSets) {
    if (set.name == name) return set.encoding;
  }
  return nullptr;
}

/// Decodes a text that switches between sets, each after an escape sequence.
std::string switched(std::string_view text, const char* first) {
  std::string result;
  const char* encoding = first;
  std::string_view sequence;  // which the encoding wants before its text
  while (!text.empty()) {
    if (text.front() == kEscape) {
      const auto found = std::find_if(kSwitches.begin(), kSwitches.end(), [&](const Switch& one) {
        return text.substr(1, one.sequence.size()) == one.sequence;
      });
      if (found != kSwitches.end()) {
        encoding = found->encoding;
        const std::size_t size = 1 + found->sequence.size();
        sequence = found->with_sequence ? text.substr(0, size) : std::string_view();
        text.remove_prefix(size);
      } else {
        result += kEscape;  // of something else
        text.remove_prefix(1);
      }
      continue;
    }
    // Values and components of names begin in the first set again.
    const std::size_t end = text.find(kEscape);
    std::string_view part = text.substr(0, end);
    const std::size_t reset = sequence.empty() ? part.find_first_of("\r\n\f\\") : std::string::npos;
    if (reset != std::string_view::npos) part = part.substr(0, reset + 1);
    result += convert(std::string(sequence) + std::string(part), encoding);
    text.remove_prefix(part.size());
    if (reset != std::string_view::npos) encoding = first;
  }
  return result;
}

}  // namespace

std::string decoded_text(std::string_view text, const std::string& character_set) {
  const auto is_ascii = [](char letter) {
    return static_cast<unsigned char>(letter) < 0x80 && letter != kEscape;
  };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return clean(text);
  const char* encoding = first_encoding(character_set);
  const bool is_switched = character_set.find('\\') != std::string::npos ||
                           character_set.find("2022") != std::string::npos;
  if (is_switched) return clean(switched(text, encoding == nullptr ? "ASCII" : encoding));
  return clean(encoding == nullptr ? std::string(text) : convert(text, encoding));
}

}  // namespace lungrt::io
