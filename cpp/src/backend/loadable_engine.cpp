#include "backend/loadable_engine.h"

#include <utility>
#include <vector>

#include "backend/engine_table.h"
#include "backend/library_loading.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

void check(LungrtStatus status, const std::string& engine, const LibraryText& error) {
  if (status != kLungrtOk) throw Error(code_of(status), "engine " + engine + ": " + error.string());
}

LungrtTensor to_table(const TensorView& view) {
  return {view.data,
          view.shape.sizes(),
          view.shape.rank(),
          view.layout == Layout::kNhwc ? 1 : 0,
          view.device.kind == DeviceKind::kCuda ? 1 : 0,
          view.device.index,
          view.stream};
}

/// The table's names of the precisions, in the order of messages and reports.
constexpr std::pair<LungrtPrecision, Precision> kPrecisions[] = {
    {kLungrtFp32, Precision::kFp32}, {kLungrtTf32, Precision::kTf32},
    {kLungrtBf16, Precision::kBf16}, {kLungrtFp16, Precision::kFp16},
    {kLungrtInt8, Precision::kInt8},
};

LungrtPrecision to_table(Precision precision) {
  for (const auto& [theirs, ours] : kPrecisions) {
    if (ours == precision) return theirs;
  }
  return kLungrtFp32;
}

class LoadedWorkspace final : public Workspace {
 public:
  LoadedWorkspace(const LungrtEngineTable& table, LungrtWorkspace* handle)
      : table_(table), handle_(handle) {}
  ~LoadedWorkspace() override { table_.close_workspace(handle_); }
  LoadedWorkspace(const LoadedWorkspace&) = delete;
  LoadedWorkspace& operator=(const LoadedWorkspace&) = delete;
  LungrtWorkspace* handle() const { return handle_; }

 private:
  const LungrtEngineTable& table_;
  LungrtWorkspace* handle_;
};

class LoadedSession final : public Session {
 public:
  LoadedSession(std::string engine, const LungrtEngineTable& table, const SessionRequest& request)
      : engine_(std::move(engine)), table_(table) {
    const std::string artifact = request.artifact.string();
    std::vector<LungrtOption> options;
    for (const auto& [name, value] : request.options) {
      options.push_back({name.c_str(), value.c_str()});
    }
    const LungrtSessionRequest wanted{artifact.c_str(),
                                      request.input_name.c_str(),
                                      request.output_name.c_str(),
                                      request.input_rank,
                                      request.device.kind == DeviceKind::kCuda ? 1 : 0,
                                      request.device.index,
                                      request.threads,
                                      to_table(request.precision),
                                      options.data(),
                                      static_cast<std::int32_t>(options.size())};
    LungrtSessionTraits traits{};
    LibraryText error;
    check(table_.open_session(&wanted, &handle_, &traits, error.out()), engine_, error);
    traits_.layout = traits.channels_last != 0 ? Layout::kNhwc : Layout::kNchw;
    traits_.batch = traits.batch;
    traits_.run_streams = traits.run_streams;
    traits_.fixed_batch = traits.fixed_batch != 0;
    traits_.device_tensors = traits.device_tensors != 0;
    traits_.stream_ordered = traits.stream_ordered != 0;
  }
  ~LoadedSession() override { table_.close_session(handle_); }
  LoadedSession(const LoadedSession&) = delete;
  LoadedSession& operator=(const LoadedSession&) = delete;

  const SessionTraits& traits() const override { return traits_; }

  std::unique_ptr<Workspace> new_workspace() const override {
    LungrtWorkspace* workspace = nullptr;
    LibraryText error;
    check(table_.open_workspace(handle_, &workspace, error.out()), engine_, error);
    return std::make_unique<LoadedWorkspace>(table_, workspace);
  }

  void run(Workspace& workspace, const TensorView& input, const TensorView& output) const override {
    const LungrtTensor in = to_table(input);
    const LungrtTensor out = to_table(output);
    LibraryText error;
    auto& loaded = dynamic_cast<LoadedWorkspace&>(workspace);
    check(table_.run(handle_, loaded.handle(), &in, &out, error.out()), engine_, error);
  }

 private:
  std::string engine_;
  const LungrtEngineTable& table_;
  LungrtSession* handle_ = nullptr;
  SessionTraits traits_;
};

class LoadedEngine final : public Engine {
 public:
  LoadedEngine(std::string name, const LungrtEngineTable& table, std::string version)
      : name_(std::move(name)),
        artifact_format_(table.artifact_format),
        version_(std::move(version)),
        table_(table) {}

  const std::string& name() const override { return name_; }
  const std::string& artifact_format() const override { return artifact_format_; }
  const std::string& version() const override { return version_; }
  int device_count(DeviceKind kind) const override {
    return table_.device_count(kind == DeviceKind::kCuda ? 1 : 0);
  }
  std::string device_name(const Device& device) const override {
    LibraryText text;
    check(table_.device_name(device.kind == DeviceKind::kCuda ? 1 : 0, device.index, text.out()),
          name_, text);
    return text.string();
  }
  std::vector<Precision> precisions(const Device& device) const override {
    const std::uint32_t set =
        table_.precisions(device.kind == DeviceKind::kCuda ? 1 : 0, device.index);
    std::vector<Precision> found;
    for (const auto& [theirs, ours] : kPrecisions) {
      if ((set & theirs) != 0) found.push_back(ours);
    }
    return found;
  }
  std::unique_ptr<Session> open(const SessionRequest& request) const override {
    return std::make_unique<LoadedSession>(name_, table_, request);
  }

 private:
  std::string name_, artifact_format_, version_;
  const LungrtEngineTable& table_;
};

}  // namespace

std::unique_ptr<Engine> open_engine_library(const std::string& name,
                                            const std::filesystem::path& library,
                                            const std::string& runtime,
                                            const std::filesystem::path& runtime_folder) {
  const std::string where = "engine " + name + " (" + library.string() + "): ";
  const auto& table = open_table<LungrtEngineTable>(
      {where, "engine", "an", runtime, "lungrt_engine_table", LUNGRT_ENGINE_ABI}, library);
  LibraryText version;
  const LungrtStatus status = table.open_runtime(runtime_folder.c_str(), version.out());
  if (status != kLungrtOk) throw Error(code_of(status), where + version.string());
  return std::make_unique<LoadedEngine>(name, table, version.string());
}

}  // namespace lungrt
