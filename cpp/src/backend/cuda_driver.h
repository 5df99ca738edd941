/// Queries of the CUDA driver without CUDA headers, for engines that bring their own CUDA.
#pragma once

#include <string>

namespace lungrt::cuda_driver {

/// Number of devices that this process may use; 0 where there is no driver.
int device_count();

/// \throws std::runtime_error where there is no driver or no device of this index
std::string device_name(int index);

/// Generation of a device: 7 is Volta and Turing, 8 Ampere and Ada, 9 Hopper (its compute
/// capability without the minor part); 0 where there is no driver or no such device.
int generation(int index) noexcept;

/// The first generation that multiplies in TF32 and bfloat16.
inline constexpr int kAmpere = 8;

}  // namespace lungrt::cuda_driver
