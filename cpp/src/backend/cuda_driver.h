/// What the CUDA driver tells about this machine, without CUDA headers: for engines that bring
/// their own CUDA.
#pragma once

#include <string>

namespace lungrt::cuda_driver {

/// How many devices this process may use; 0 where there is no driver.
int device_count();

/// \throws std::runtime_error where there is no driver or no such device
std::string device_name(int index);

}  // namespace lungrt::cuda_driver
