#include "backend/registry.h"

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <system_error>
#include <vector>

#include "backend/loadable_engine.h"
#include "backend/native/engine.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"

namespace lungrt {

std::filesystem::path core_location() {
  Dl_info info{};
  link_map* map = nullptr;
  const auto* here = reinterpret_cast<const void*>(&core_location);
  const int found = dladdr1(here, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  // The loader knows a program by the name it was started with: a bare name, or a path relative to
  // a folder that the process may have left. Engines must never be searched for in the current
  // folder by accident.
  const bool program = found == 0 || map == nullptr || map->l_name[0] == '\0';
  if (!program) return info.dli_fname;
  std::error_code unreadable;
  return std::filesystem::read_symlink("/proc/self/exe", unreadable);
}

namespace {

namespace fs = std::filesystem;

struct KnownEngine {
  const char* name;
  const char* artifact_format;
  const char* runtime;  ///< runtime that it needs, for messages
  const char* preload;  ///< library of the runtime that must be loaded first, or null
};
constexpr const char* kNative = "native";  ///< part of this library
constexpr const char* kTorch = "PyTorch (pip install 'lungrt[torch]')";
constexpr std::array kEngines{
    KnownEngine{kNative, "safetensors", "", nullptr},
    KnownEngine{"torchscript", "torchscript", kTorch, "libtorch_cpu.so"},
    KnownEngine{"onnxruntime", "onnx", "ONNX Runtime (pip install onnxruntime)", nullptr},
    KnownEngine{"aotinductor", "aotinductor", kTorch, "libtorch_cpu.so"},
};

/// What to do about an engine's library that is missing, unless the application knows better.
constexpr const char* kHowToGetOne = "install a build of lungrt that includes it";

/// Folders that are searched for engines: those in LUNGRT_ENGINE_PATH (colon-separated), then the
/// core's own, then the one that the application named.
std::vector<fs::path> search_folders(const fs::path& library_folder) {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("LUNGRT_ENGINE_PATH")) {
    std::istringstream stream(path);
    for (std::string folder; std::getline(stream, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  if (const fs::path beside = core_location().parent_path(); !beside.empty()) {
    folders.push_back(beside);
  }
  if (!library_folder.empty()) folders.push_back(library_folder);
  return folders;
}

/// Where to find an engine, from the application.
struct SearchHints {
  fs::path runtime_folder, library_folder;
  std::string how_to_get;
};

/// \param what  the library, for the message: "engine torchscript"
fs::path find_library(const std::string& name, const std::string& what, const SearchHints& hints) {
  const std::string file = "liblungrt_" + name + ".so";
  std::string searched;
  for (const fs::path& folder : search_folders(hints.library_folder)) {
    std::error_code ignored;
    if (fs::path library = folder / file; fs::exists(library, ignored)) return library;
    searched += (searched.empty() ? "" : ", ") + folder.string();
  }
  throw Error(ErrorCode::kEngineUnavailable,
              what + " is not installed: no " + file + " in " + searched + "; " +
                  (hints.how_to_get.empty() ? kHowToGetOne : hints.how_to_get) +
                  ", or add its folder to LUNGRT_ENGINE_PATH");
}

/// Loaded engines. Each is loaded when it is first requested; one that could not be loaded is tried
/// again at the next request.
class Registry {
 public:
  static Registry& instance() {
    static Registry* registry = new Registry;  // never destroyed: sessions may outlive main
    return *registry;
  }

  const Engine& get(const KnownEngine& known) {
    const std::lock_guard lock(mutex_);
    const std::string name = known.name;
    if (name == kNative) return native_engine();
    if (const auto loaded = engines_.find(name); loaded != engines_.end()) return *loaded->second;
    const SearchHints& hints = hints_[name];
    const fs::path library = find_library(name, "engine " + name, hints);
    preload(known, hints.runtime_folder);
    return *(engines_[name] =
                 open_engine_library(name, library, known.runtime, hints.runtime_folder));
  }

  fs::path library_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return find_library(name, "engine " + name, hints_[name]);
  }

  const CudaLibrary& cuda() {
    const std::lock_guard lock(mutex_);
    if (!cuda_) cuda_ = std::make_unique<CudaLibrary>(find_library("cuda", "the CUDA core", {}));
    return *cuda_;
  }

  void set_runtime_folder(const std::string& name, const std::string& folder) {
    const std::lock_guard lock(mutex_);
    hints_[name].runtime_folder = folder;
  }

  void set_library_folder(const std::string& name, const std::string& folder,
                          const std::string& how_to_get) {
    const std::lock_guard lock(mutex_);
    hints_[name].library_folder = folder;
    hints_[name].how_to_get = how_to_get;
  }

 private:
  /// Loads the runtime from another folder first: the engine's dependency of the same name then
  /// resolves to it.
  static void preload(const KnownEngine& known, const fs::path& folder) {
    if (known.preload == nullptr || folder.empty()) return;
    const fs::path library = folder / known.preload;
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
      throw Error(ErrorCode::kEngineUnavailable,
                  "engine " + std::string(known.name) + " needs " + known.runtime +
                      ", whose library cannot be loaded: " + dlerror());
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Engine>> engines_;
  std::unique_ptr<CudaLibrary> cuda_;
  std::map<std::string, SearchHints> hints_;  ///< by engine
};

std::string known_names() {
  std::string names;
  for (const KnownEngine& known : kEngines) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return names;
}

const KnownEngine& require_known(const std::string& name) {
  for (const KnownEngine& known : kEngines) {
    if (name == known.name) return known;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown engine '" + name + "': expected one of " + known_names());
}

EngineInfo describe(const KnownEngine& known) {
  EngineInfo info;
  info.name = known.name;
  info.artifact_format = known.artifact_format;
  try {
    info.library =
        (info.name == kNative ? core_location() : Registry::instance().library_of(info.name))
            .string();
    const Engine& found = engine(known.name);
    info.version = found.version();
    const auto add = [&](const Device& device) {
      info.devices.push_back(to_string(device) + " (" + found.device_name(device) + ")");
      for (const Precision precision : found.precisions(device)) {
        info.precisions[to_string(device)].emplace_back(to_string(precision));
      }
    };
    add({});
    for (int index = 0; index < found.device_count(DeviceKind::kCuda); ++index) {
      add({DeviceKind::kCuda, index});
    }
    info.available = true;
  } catch (const Error& error) {
    info.reason = error.what();
  }
  return info;
}

}  // namespace

const Engine& engine(const std::string& name) {
  return Registry::instance().get(require_known(name));
}

const CudaLibrary& cuda_library() { return Registry::instance().cuda(); }

std::vector<EngineInfo> engines() {
  std::vector<EngineInfo> all;
  for (const KnownEngine& known : kEngines) all.push_back(describe(known));
  return all;
}

void set_engine_runtime_folder(const std::string& engine, const std::string& folder) {
  require_known(engine);
  Registry::instance().set_runtime_folder(engine, folder);
}

void set_engine_library_folder(const std::string& engine, const std::string& folder,
                               const std::string& how_to_get) {
  require_known(engine);
  Registry::instance().set_library_folder(engine, folder, how_to_get);
}

}  // namespace lungrt
