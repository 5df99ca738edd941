/// Fake libonnxruntime.so that is too old: it does not have any of the requested interfaces.

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
