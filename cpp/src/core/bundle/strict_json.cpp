#include "core/bundle/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "lungrt/error.h"

namespace lungrt {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;  // far more than any file of a bundle needs

[[noreturn]] void refuse_text(const std::string& file, const std::string& problem) {
  throw Error(ErrorCode::kBadBundle,
              file + ": not JSON (" + problem +
                  "); the file is damaged or incomplete: export or copy the bundle again");
}

json parse_strictly(std::string_view text, const std::string& file) {
  // The parser takes a zero byte for the end and would ignore everything after it.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    refuse_text(file, "byte " + std::to_string(zero) + " is zero");
  }
  // JSON must not begin with one (RFC 8259); the parser would skip it, others would not.
  if (text.substr(0, 3) == "\xef\xbb\xbf") refuse_text(file, "it begins with a byte order mark");
  std::vector<std::set<std::string>> keys;  // of each object that is being parsed
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) {
      throw Error(ErrorCode::kBadBundle, file + ": JSON is nested more than " +
                                             std::to_string(kMaxDepth) +
                                             " levels deep, which no file of a bundle needs");
    }
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) {
        throw Error(ErrorCode::kBadBundle,
                    file + ": field '" + key + "' occurs twice in an object");
      }
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    refuse_text(file, error.what());
  }
}

}  // namespace

JsonDocument::JsonDocument(std::string_view text, std::string file)
    : file_(std::move(file)), value_(std::make_shared<const json>(parse_strictly(text, file_))) {}

}  // namespace lungrt
