/// Interface of an engine: runs networks of one artifact format.
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
  /// Format of the artifacts that it opens, as named in the bundle's manifest.
  virtual const std::string& artifact_format() const = 0;
  /// Version of the runtime behind it, e.g. "torch 2.13.0".
  virtual const std::string& version() const = 0;
  /// Number of devices of this kind that the engine can use; 0 where there are none.
  virtual int device_count(DeviceKind kind) const = 0;
  virtual std::string device_name(const Device& device) const = 0;
  /// Precisions that it supports on the device, fp32 first.
  virtual std::vector<Precision> precisions(const Device& device) const = 0;
  /// Opens a network.
  /// \throws Error kBadBundle (not an artifact for this engine), kDeviceUnavailable, kOutOfMemory,
  ///         kInvalidArgument (an option that it does not have)
  virtual std::unique_ptr<Session> open(const SessionRequest& request) const = 0;
};

}  // namespace lungrt
