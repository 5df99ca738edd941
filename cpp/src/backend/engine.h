/// Something that opens sessions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/session.h"

namespace lungrt {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const std::string& name() const = 0;
  /// Format of the bundle's artifacts that it opens, as the manifest calls it.
  virtual const std::string& artifact_format() const = 0;
  /// Of the runtime behind it, e.g. "torch 2.13.0".
  virtual const std::string& version() const = 0;
  /// 0 where the engine cannot use such devices here.
  virtual int device_count(DeviceKind kind) const = 0;
  virtual std::string device_name(const Device& device) const = 0;
  /// What it can compute in on such a device, fp32 first.
  virtual std::vector<Precision> precisions(const Device& device) const = 0;
  /// \throws Error kBadBundle (not an artifact of this engine), kDeviceUnavailable, kOutOfMemory,
  ///               kInvalidArgument (an option that it does not have)
  virtual std::unique_ptr<Session> open(const SessionRequest& request) const = 0;
};

}  // namespace lungrt
