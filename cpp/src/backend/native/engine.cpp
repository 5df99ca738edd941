#include "backend/native/engine.h"

#include "backend/native/sessions.h"
#include "lungrt/error.h"
#include "lungrt/version.h"
#include "native/instruction_set.h"

namespace lungrt {
namespace {

class NativeEngine final : public Engine {
 public:
  const std::string& name() const override { return name_; }
  const std::string& artifact_format() const override { return artifact_format_; }
  const std::string& version() const override { return version_; }
  int device_count(DeviceKind kind) const override { return kind == DeviceKind::kCpu ? 1 : 0; }
  std::string device_name(const Device&) const override {
    return native::to_string(native::best_instruction_set());
  }
  std::vector<Precision> precisions(const Device&) const override { return {Precision::kFp32}; }
  std::unique_ptr<Session> open(const SessionRequest& request) const override {
    return open_native_session(request);
  }

 private:
  std::string name_ = "native";
  std::string artifact_format_ = "safetensors";
  std::string version_ = std::string("lungrt ") + LUNGRT_VERSION;
};

}  // namespace

const Engine& native_engine() {
  static const NativeEngine engine;
  return engine;
}

}  // namespace lungrt
