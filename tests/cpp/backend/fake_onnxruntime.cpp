/// A libonnxruntime.so of long ago: it has no interface of any version that is asked for.

#include <cstdint>

namespace {

struct Base {
  const void* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

constexpr Base kBase{[](std::uint32_t) -> const void* { return nullptr; },
                     []() -> const char* { return "0.9.9"; }};

}  // namespace

extern "C" __attribute__((visibility("default"))) const Base* OrtGetApiBase() { return &kBase; }
