#include "backend/torch_common/runtime.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include <stdexcept>
#include <string>

#include "backend/engine_library.h"

namespace lungrt::torch_common {
namespace {

using engine_library::guarded;
using engine_library::tell;

/// Version of the torch in this process, e.g. "2.13.0", from its description of its build.
std::string running_torch() {
  const std::string description = at::show_config();
  const std::string key = "TORCH_VERSION=";
  const auto start = description.find(key);
  if (start == std::string::npos) return "";
  const auto first = start + key.size();
  return description.substr(first, description.find_first_of(", \n", first) - first);
}

}  // namespace

LungrtStatus open_runtime(const char*, LungrtText* text) {
  return guarded(kLungrtUnsupportedRuntime, text, [&] {
    const std::string built =
        std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);
    const std::string running = running_torch();
    if (running.rfind(built + ".", 0) != 0) {
      throw std::runtime_error("was built for torch " + built + ", found torch " +
                               (running.empty() ? "of unknown version" : running) +
                               "; install torch " + built + " or build lungrt against this one");
    }
    tell(kLungrtOk, "torch " + running, text);
  });
}

}  // namespace lungrt::torch_common
