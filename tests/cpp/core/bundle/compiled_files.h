/// A bundle with valid compiled networks in a cache of its own, for tests to damage.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/bundle/bundle.h"
#include "core/bundle/compiled.h"
#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "core/cpu.h"
#include "temp_folder.h"

namespace lungrt::testing {

class CompiledFiles {
 public:
  CompiledFiles() {
    setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1);
    manifest["stages"].erase("malignancy");
  }
  ~CompiledFiles() { unsetenv("XDG_CACHE_HOME"); }
  CompiledFiles(const CompiledFiles&) = delete;
  CompiledFiles& operator=(const CompiledFiles&) = delete;

  Bundle bundle() const {
    folder_.write("bundle/manifest.json", manifest.dump());
    return Bundle::open(folder_.path() / "bundle");
  }

  /// A record of the segmentation for slices of 16 x 24 (halo 20), this processor and `runtime`.
  nlohmann::json record() const {
    const Cpu cpu = this_cpu();
    return {
        {"format_version", 1},
        {"lungrt_version", "0.1.0"},
        {"runtime", runtime.version},
        {"cpu", {{"model", cpu.model}, {"digest", cpu.digest}, {"capability", runtime.capability}}},
        {"checkpoint_sha256", std::string(64, 'b')},
        {"weights_sha256", std::string(64, 'c')},
        {"input", {{"shape", {1, 7, 56, 64}}, {"layout", "interleaved"}, {"dtype", "float32"}}},
        {"output", {{"shape", {1, 1, 16, 24}}, {"layout", "planes"}, {"dtype", "float32"}}},
        {"model", {{"file", "model.pt2"}, {"sha256", sha256("code", 4)}, {"bytes", 4}}},
        {"golden",
         {{"file", "golden.safetensors"},
          {"sha256", sha256(golden.data(), golden.size())},
          {"bytes", golden.size()}}}};
  }

  /// Writes compiled code of a network and size.
  std::filesystem::path write(const nlohmann::json& record, const std::string& size = "16x24",
                              StageKind kind = StageKind::kSegmentation, int member = 0) const {
    const std::filesystem::path folder = compiled_folder(bundle(), kind, member) / size;
    const auto relative = std::filesystem::relative(folder, folder_.path());
    folder_.write(relative / "model.pt2", "code");
    folder_.write(relative / "model.json", record.dump());
    folder_.write(relative / "golden.safetensors", golden);
    for (const char* file : {"", "model.pt2", "model.json"}) make_private(folder / file);
    return folder;
  }

  /// The compiled forms of the segmentation network.
  std::vector<CompiledModel> find() const {
    const Bundle opened = bundle();
    const StageManifest& stage = opened.required_stage(StageKind::kSegmentation);
    return find_compiled(opened, stage, stage.networks.front(), runtime);
  }

  nlohmann::json manifest = example_manifest();
  std::string golden = "a golden";  ///< content of every golden.safetensors
  CompiledRuntime runtime{"fake 1.0", "imagination"};

 private:
  static void make_private(const std::filesystem::path& path) {
    using std::filesystem::perms;
    std::filesystem::permissions(path, perms::group_write | perms::others_write,
                                 std::filesystem::perm_options::remove);
  }

  TempFolder folder_;
};

}  // namespace lungrt::testing
