#include "backend/onnxruntime/runtime.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "backend/engine_library.h"

namespace lungrt::onnxruntime {

using engine_library::Failure;
namespace {

namespace fs = std::filesystem;

struct Runtime {
  const OrtApiBase* base = nullptr;
  std::string path;
  std::vector<std::string> providers;
  Ort::Env* environment = nullptr;
};

Runtime& runtime() {
  static auto* opened = new Runtime;
  return *opened;
}

constexpr const char* kHowToGetIt =
    "; install ONNX Runtime (pip install onnxruntime), or set ONNXRUNTIME_ROOT to its folder";

/// libonnxruntime.so, or the newest libonnxruntime.so.N: wheels contain only the versioned name.
std::optional<fs::path> find_in(const fs::path& folder) {
  const std::string name = "libonnxruntime.so";
  std::error_code ignored;
  if (fs::exists(folder / name, ignored)) return folder / name;
  std::optional<fs::path> newest;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string file = entry.path().filename().string();
    if (file.rfind(name + ".", 0) != 0) continue;
    if (!newest || strverscmp(newest->filename().c_str(), file.c_str()) < 0) newest = entry.path();
  }
  return newest;
}

/// The file to open, or nothing: then the system's loader searches for it.
/// \param hint  folder that the application named, or empty
std::optional<fs::path> find_library(const std::string& hint) {
  const char* root = std::getenv("ONNXRUNTIME_ROOT");
  if (root != nullptr && *root != '\0') {
    for (const fs::path& folder : {fs::path(root), fs::path(root) / "lib"}) {
      if (const auto library = find_in(folder)) return library;
    }
    throw Failure(kLungrtRuntimeMissing, std::string("no libonnxruntime.so in ONNXRUNTIME_ROOT, ") +
                                             root +
                                             ", or its folder lib; correct or unset the variable");
  }
  return hint.empty() ? std::nullopt : find_in(hint);
}

/// RTLD_LOCAL, and never unloaded: the runtime leaves threads and thread-local destructors behind.
void* open_file(const std::string& file) {
  return dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

void* open_library(const std::string& hint) {
  if (const auto library = find_library(hint)) {
    void* handle = open_file(library->string());
    if (handle != nullptr) return handle;
    throw Failure(kLungrtRuntimeMissing,
                  library->string() + " cannot be loaded: " + dlerror() + kHowToGetIt);
  }
  for (const char* name : {"libonnxruntime.so.1", "libonnxruntime.so"}) {
    if (void* handle = open_file(name)) return handle;
  }
  throw Failure(kLungrtRuntimeMissing, "ONNX Runtime was not found: no libonnxruntime.so in " +
                                           (hint.empty() ? "" : hint + " or ") +
                                           std::string("the system's library folders") +
                                           kHowToGetIt);
}

/// From version 1.29 on, the library sends telemetry over the network and queues it in the user's
/// cache, unless an environment variable, whose name changed once, turns that off before it starts.
/// A value that the user has set stays.
void turn_telemetry_off() {
  for (const char* name : {"ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"}) {
    setenv(name, "1", 0);
  }
}

std::string path_of(const void* function, const std::string& otherwise) {
  Dl_info info{};
  const bool known = dladdr(function, &info) != 0 && info.dli_fname != nullptr;
  return known ? info.dli_fname : otherwise;
}

}  // namespace

std::string open_runtime(const std::string& folder) {
  turn_telemetry_off();
  void* library = open_library(folder);
  using Entry = const OrtApiBase* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "OrtGetApiBase"));
  if (entry == nullptr) {
    throw Failure(kLungrtUnsupportedRuntime,
                  "the libonnxruntime.so that was found is not ONNX Runtime: it has no function "
                  "OrtGetApiBase");
  }
  const OrtApiBase* base = entry();
  const std::string path = path_of(reinterpret_cast<const void*>(entry), "libonnxruntime.so");
  const std::string version = base->GetVersionString();
  const OrtApi* api = base->GetApi(kOldestApi);
  if (api == nullptr) {
    throw Failure(kLungrtUnsupportedRuntime,
                  "needs ONNX Runtime 1." + std::to_string(kOldestApi) + " or newer, found " +
                      version + " (" + path +
                      "); install a newer one (pip install -U onnxruntime)");
  }
  Ort::InitApi(api);
  // Failures reach the caller as errors; the runtime must not write to stderr as well.
  auto* environment = new Ort::Env(ORT_LOGGING_LEVEL_FATAL, "lungrt");
  environment->DisableTelemetryEvents();  // for older versions, which read no variable
  runtime() = {base, path, Ort::GetAvailableProviders(), environment};
  return version;
}

Ort::Env& environment() { return *runtime().environment; }
const std::string& library_path() { return runtime().path; }
const std::vector<std::string>& providers() { return runtime().providers; }
const OrtApi* newer_api(std::uint32_t version) { return runtime().base->GetApi(version); }

}  // namespace lungrt::onnxruntime
