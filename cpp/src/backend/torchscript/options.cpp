#include "backend/torchscript/options.h"

#include <string>

#include "backend/engine_library.h"

namespace lungrt::torchscript {
namespace {

using engine_library::Failure;

constexpr const char* kFormats = "auto, contiguous, channels_last";

[[noreturn]] void refuse(const std::string& name, const std::string& value, const char* expected) {
  throw Failure(kLungrtInvalidOption,
                "option " + name + "=" + value + ": expected one of " + expected);
}

bool read_graph(const std::string& value) {
  if (value != "rewritten" && value != "traced") refuse("graph", value, "rewritten, traced");
  return value == "rewritten";
}

MemoryFormat read_format(const std::string& value, bool cuda) {
  if (value == "auto") return MemoryFormat::kAuto;
  if (value != "contiguous" && value != "channels_last") refuse("memory_format", value, kFormats);
  if (!cuda) {
    throw Failure(kLungrtInvalidOption,
                  "option memory_format=" + value +
                      " is for CUDA devices, but device cpu was requested, where the layout is "
                      "that of oneDNN; leave the option out, or request device cuda");
  }
  return value == "contiguous" ? MemoryFormat::kContiguous : MemoryFormat::kChannelsLast;
}

}  // namespace

Options read_options(const LungrtSessionRequest& request) {
  Options options;
  for (std::int32_t i = 0; i < request.option_count; ++i) {
    const std::string name = request.options[i].name, value = request.options[i].value;
    if (name == "graph") {
      options.rewritten = read_graph(value);
    } else if (name == "memory_format") {
      options.memory_format = read_format(value, request.cuda != 0);
    } else {
      throw Failure(kLungrtInvalidOption,
                    "unknown option '" + name +
                        "'; the options of this engine are graph=rewritten, traced; "
                        "memory_format=" +
                        kFormats);
    }
  }
  return options;
}

}  // namespace lungrt::torchscript
