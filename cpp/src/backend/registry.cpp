#include "backend/registry.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <vector>

#include "backend/loadable_engine.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;

struct KnownEngine {
  const char* name;
  const char* artifact_format;
  const char* runtime;  ///< what it needs
};
constexpr std::array kEngines{
    KnownEngine{"torchscript", "torchscript", "PyTorch (pip install 'lungrt[torch]')"}};

/// Folder of the library (or executable) this code was linked into.
fs::path core_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&engine), &info) == 0 || info.dli_fname == nullptr) return ".";
  return fs::path(info.dli_fname).parent_path();
}

/// LUNGRT_ENGINE_PATH (colon-separated), then beside the core.
std::vector<fs::path> search_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("LUNGRT_ENGINE_PATH")) {
    std::istringstream stream(path);
    for (std::string folder; std::getline(stream, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  folders.push_back(core_folder());
  return folders;
}

fs::path find_library(const std::string& name) {
  const std::string file = "liblungrt_" + name + ".so";
  std::string searched;
  for (const fs::path& folder : search_folders()) {
    std::error_code ignored;
    if (fs::path library = folder / file; fs::exists(library, ignored)) return library;
    searched += (searched.empty() ? "" : ", ") + folder.string();
  }
  throw Error(ErrorCode::kEngineUnavailable,
              "engine " + name + " is not installed: no " + file + " in " + searched +
                  "; install lungrt with this engine, or name its folder in LUNGRT_ENGINE_PATH");
}

/// Loaded engines and why others could not be: asked once, remembered until something changes.
class Registry {
 public:
  static Registry& instance() {
    static Registry* registry = new Registry;  // never destroyed: sessions may outlive main
    return *registry;
  }

  const Engine& get(const KnownEngine& known) {
    const std::lock_guard lock(mutex_);
    const std::string name = known.name;
    if (const auto loaded = engines_.find(name); loaded != engines_.end()) return *loaded->second;
    const fs::path library = find_library(name);
    if (name == "torchscript") preload_torch();
    return *(engines_[name] = open_engine_library(name, library, known.runtime));
  }

  void set_torch_folder(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    torch_folder_ = folder;
  }

 private:
  /// A torch in another prefix: once its library is in the process, the engine's own need of the
  /// same name is met by it.
  void preload_torch() const {
    if (torch_folder_.empty()) return;
    const fs::path library = torch_folder_ / "libtorch_cpu.so";
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
      throw Error(ErrorCode::kEngineUnavailable,
                  "engine torchscript needs PyTorch's library, which cannot be loaded: " +
                      std::string(dlerror()));
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Engine>> engines_;
  fs::path torch_folder_;
};

std::string known_names() {
  std::string names;
  for (const KnownEngine& known : kEngines) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return names;
}

EngineInfo describe(const KnownEngine& known) {
  EngineInfo info;
  info.name = known.name;
  info.artifact_format = known.artifact_format;
  try {
    info.library = find_library(known.name).string();
    const Engine& found = engine(known.name);
    info.version = found.version();
    info.devices.emplace_back("cpu");
    for (int index = 0; index < found.device_count(DeviceKind::kCuda); ++index) {
      const Device device{DeviceKind::kCuda, index};
      info.devices.push_back(to_string(device) + " (" + found.device_name(device) + ")");
    }
    info.available = true;
  } catch (const Error& error) {
    info.reason = error.what();
  }
  return info;
}

}  // namespace

const Engine& engine(const std::string& name) {
  for (const KnownEngine& known : kEngines) {
    if (name == known.name) return Registry::instance().get(known);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown engine '" + name + "': this build knows " + known_names());
}

std::vector<EngineInfo> engines() {
  std::vector<EngineInfo> all;
  for (const KnownEngine& known : kEngines) all.push_back(describe(known));
  return all;
}

void set_torch_library_folder(const std::string& folder) {
  Registry::instance().set_torch_folder(folder);
}

}  // namespace lungrt
