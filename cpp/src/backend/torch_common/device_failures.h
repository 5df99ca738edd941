/// What torch's exceptions say of a CUDA device, and what is done about it.
#pragma once

#include <functional>
#include <string>

#include "backend/engine_library.h"

namespace lungrt::torch_common {

/// Whether these words of torch, cuBLAS or cuDNN mean that the device's memory is used up.
bool is_out_of_device_memory(const std::string& words);

/// Whether they mean that the device failed in a way that ends CUDA in this process: after such an
/// error all later calls fail as well.
bool is_device_lost(const std::string& words);

/// A CUDA device as messages name it, and the functions of its memory.
struct DeviceInMessages {
  int index = 0;
  std::string name;
  std::function<void()> empty_cache;         ///< frees what torch keeps and does not use
  std::function<std::string()> free_memory;  ///< "1.2 of 139.8 GB"
};

/// The device of torch with this index.
DeviceInMessages device_in_messages(int index);

/// Calls `run`. If that runs out of device memory, empties torch's cache and calls it once more.
/// \param otherwise  status of a failure that has none of its own
/// \throws Failure kLungrtOutOfMemory with the device, its free memory and what was wanted;
///         kLungrtDeviceUnavailable where the device was lost, now or by an earlier call; else
///         what `run` throws, with the device's name
void run_on_device(const DeviceInMessages& device, LungrtStatus otherwise,
                   const std::function<void()>& run);

/// \throws Failure kLungrtDeviceUnavailable where an earlier run_on_device() lost the device
void refuse_lost_device(int index);

}  // namespace lungrt::torch_common
