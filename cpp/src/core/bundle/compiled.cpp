#include "core/bundle/compiled.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/bundle/compiled_record.h"
#include "core/bundle/sha256.h"
#include "core/cpu.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;

/// Format of the artifacts that networks are compiled from.
constexpr const char* kWeights = "safetensors";

/// Value of an environment variable if it is an absolute path, else empty.
fs::path folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  const fs::path folder = value == nullptr ? "" : value;
  return folder.is_absolute() ? folder : fs::path();
}

/// Folder of the user's caches; empty if the environment names none.
fs::path user_cache() {
  const fs::path cache = folder_of("XDG_CACHE_HOME"), home = folder_of("HOME");
  return !cache.empty() || home.empty() ? cache : home / ".cache";
}

/// Compiled code is executed without further checks, so no other user may have written it.
void require_own(const fs::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    throw Error(ErrorCode::kBadBundle, path.string() + " is missing or cannot be read");
  }
  if (status.st_uid != geteuid()) {
    throw Error(ErrorCode::kBadBundle, path.string() +
                                           " belongs to another user; compiled code is loaded "
                                           "only from the current user's own files");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error(ErrorCode::kBadBundle, path.string() +
                                           " is writable by other users; compiled code is loaded "
                                           "only from files that nobody else can write to");
  }
}

void check_fits(const CompiledRecord& record, const std::string& where,
                const BundleNetwork& network, const CompiledRuntime& runtime) {
  const auto weights = network.artifacts.find(kWeights);
  if (record.checkpoint_sha256 != network.checkpoint_sha256 ||
      (weights != network.artifacts.end() && record.weights_sha256 != weights->second.sha256)) {
    throw Error(ErrorCode::kBadBundle, where + " was compiled from another checkpoint (SHA-256 " +
                                           record.checkpoint_sha256 + ", the bundle's is " +
                                           network.checkpoint_sha256 + ")");
  }
  if (record.runtime != runtime.version) {
    throw Error(ErrorCode::kUnsupportedVersion, where + " was compiled with " + record.runtime +
                                                    ", but the installed version is " +
                                                    runtime.version);
  }
  const Cpu cpu = this_cpu();
  if (record.cpu_digest != cpu.digest || record.cpu_capability != runtime.capability) {
    throw Error(ErrorCode::kEngineUnavailable,
                where + " was compiled for another processor: " + record.cpu_model + " with " +
                    record.cpu_capability + "; this one is " + cpu.model + " with " +
                    runtime.capability + " (digest of its instruction sets " +
                    cpu.digest.substr(0, 8) + ", compiled for " + record.cpu_digest.substr(0, 8) +
                    ")");
  }
}

void check_digest(const fs::path& file, const BundleFile& recorded) {
  const std::string digits = sha256_of_file(file);
  if (digits != recorded.sha256) {
    throw Error(ErrorCode::kBadBundle, file.string() + " is damaged: its SHA-256 is " + digits +
                                           ", " + kCompiledRecord + " says " + recorded.sha256);
  }
}

/// The folders of a network's folder, one for each input size, sorted by name. Names that begin
/// with a dot are folders that are still being written.
std::vector<fs::path> size_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.is_directory(failure) && entry.path().filename().string().front() != '.') {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

CompiledModel open_model(const fs::path& folder, const StageManifest& stage,
                         const BundleNetwork& network, const CompiledRuntime& runtime) {
  require_own(folder);
  const fs::path file = folder / kCompiledRecord;
  require_own(file);
  const CompiledRecord record = read_compiled_record(file, stage);
  check_fits(record, folder.string(), network, runtime);
  require_own(folder / record.model.file);
  check_digest(folder / record.model.file, record.model);
  return {folder / record.model.file, record.input_shape, record.output_shape,
          record.channels_last};
}

/// Does something with a compiled form; its errors say how to compile that form again.
template <typename Use>
void with_advice(const Bundle& bundle, const fs::path& size, Use use) {
  try {
    use();
  } catch (const Error& error) {
    throw Error(error.code(), std::string(error.what()) + "; compile it again: `" +
                                  compile_command(bundle) + " --size " + size.filename().string() +
                                  "`, or remove the folder");
  }
}

/// A stage with one of its networks. Unlike only_member, -1 is none of them.
StageManifest stage_of(const Bundle& bundle, const std::string& stage, int member) {
  if (member < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "member " + std::to_string(member) + ": networks are numbered from 0");
  }
  return only_member(bundle.required_stage(stage_kind(stage)), member);
}

BundleFile described(const fs::path& folder, const char* name) {
  std::error_code failure;
  const std::uintmax_t bytes = fs::file_size(folder / name, failure);
  if (failure) {
    throw Error(ErrorCode::kIo,
                "cannot read " + (folder / name).string() + ": " + failure.message());
  }
  return {name, sha256_of_file(folder / name), static_cast<std::int64_t>(bytes)};
}

}  // namespace

fs::path compiled_cache() {
  const fs::path cache = user_cache();
  if (cache.empty()) {
    throw Error(ErrorCode::kIo,
                "cannot locate the user's cache with the compiled networks: neither "
                "XDG_CACHE_HOME nor HOME is an absolute path; set one of them");
  }
  return cache / "lungrt" / "compiled";
}

fs::path compiled_folder(const Bundle& bundle, StageKind kind, int member) {
  return compiled_cache() / bundle.sha256() / to_string(kind) /
         ("member-" + std::to_string(member));
}

std::string compile_command(const Bundle& bundle) {
  return "lungrt compile " + bundle.folder().string();
}

std::vector<CompiledModel> find_compiled(const Bundle& bundle, const StageManifest& stage,
                                         const BundleNetwork& network,
                                         const CompiledRuntime& runtime) {
  const fs::path folder = compiled_folder(bundle, stage.kind, network.member);
  std::vector<CompiledModel> models;
  for (const fs::path& size : size_folders(folder)) {
    with_advice(bundle, size, [&] { models.push_back(open_model(size, stage, network, runtime)); });
    const CompiledModel& first = models.front();
    if (models.back().input_shape[0] != first.input_shape[0] ||
        models.back().channels_last != first.channels_last) {
      throw Error(ErrorCode::kBadBundle,
                  folder.string() +
                      ": its networks were compiled for different batch sizes or layouts; remove "
                      "the folder and compile again: `" +
                      compile_command(bundle) + "`");
    }
  }
  if (models.empty()) {
    throw Error(ErrorCode::kEngineUnavailable,
                "stage " + std::string(to_string(stage.kind)) + " of bundle " +
                    bundle.folder().string() +
                    " has not been compiled on this machine: " + folder.string() +
                    " is missing or empty; run `" + compile_command(bundle) + "`");
  }
  return models;
}

bool is_compiled(const Bundle& bundle, StageKind kind, int member) {
  return !user_cache().empty() && !size_folders(compiled_folder(bundle, kind, member)).empty();
}

std::vector<Golden> compiled_goldens(const Bundle& bundle, const StageManifest& stage,
                                     const BundleNetwork& network) {
  std::vector<Golden> goldens;
  if (!is_compiled(bundle, stage.kind, network.member)) return goldens;
  for (const fs::path& size : size_folders(compiled_folder(bundle, stage.kind, network.member))) {
    with_advice(bundle, size, [&] {
      const CompiledRecord record = read_compiled_record(size / kCompiledRecord, stage);
      check_digest(size / record.golden.file, record.golden);
      for (Golden& golden : read_goldens((size / record.golden.file).string())) {
        goldens.push_back(std::move(golden));
      }
    });
  }
  return goldens;
}

std::string compiled_folder(const std::string& bundle, const std::string& stage, int member,
                            const std::vector<std::int64_t>& size) {
  const Bundle opened = Bundle::open(bundle);
  const StageKind kind = stage_of(opened, stage, member).kind;
  const std::size_t sides = kind == StageKind::kSegmentation ? 2 : 3;
  if (size.size() != sides || *std::min_element(size.begin(), size.end()) < 1) {
    throw Error(ErrorCode::kInvalidArgument, "size " + text::bracketed(size) + " to compile " +
                                                 stage + " for: expected " + std::to_string(sides) +
                                                 " positive numbers");
  }
  std::string name;
  for (const std::int64_t side : size) name += (name.empty() ? "" : "x") + std::to_string(side);
  return (compiled_folder(opened, kind, member) / name).string();
}

std::string compiled_record(const std::string& bundle, const std::string& folder,
                            const CompiledNetwork& compiled) {
  const Bundle opened = Bundle::open(bundle);
  const StageManifest stage = stage_of(opened, compiled.stage, compiled.member);
  const BundleNetwork& network = stage.networks.front();
  const auto weights = network.artifacts.find(kWeights);
  if (weights == network.artifacts.end()) {
    throw Error(ErrorCode::kInvalidArgument, "network " + std::to_string(compiled.member) + " of " +
                                                 compiled.stage + " has no artifact " + kWeights +
                                                 " that could have been compiled");
  }
  // Otherwise the engine would accept code of the old weights for the new ones.
  if (compiled.checkpoint_sha256 != network.checkpoint_sha256 ||
      compiled.weights_sha256 != weights->second.sha256) {
    throw Error(ErrorCode::kBadBundle,
                opened.folder().string() + ": the bundle was replaced while network " +
                    std::to_string(compiled.member) + " of " + compiled.stage +
                    " was compiled; compile it again: `" + compile_command(opened) + "`");
  }
  const Cpu cpu = this_cpu();
  CompiledRecord record;
  record.runtime = compiled.runtime;
  record.cpu_model = cpu.model;
  record.cpu_digest = cpu.digest;
  record.cpu_capability = compiled.capability;
  record.checkpoint_sha256 = network.checkpoint_sha256;
  record.weights_sha256 = weights->second.sha256;
  record.input_shape = compiled.input_shape;
  record.output_shape = compiled.output_shape;
  record.channels_last = compiled.channels_last;
  record.model = described(folder, kCompiledCode);
  record.golden = described(folder, kCompiledGolden);
  const std::string text = to_text(record);
  // What the engine would refuse later is refused now, when it can still be compiled otherwise.
  try {
    parse_compiled_record(text, kCompiledRecord, stage);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, error.what());
  }
  return text;
}

}  // namespace lungrt
