#include "backend/cuda_driver.h"

#include <dlfcn.h>

#include <array>
#include <stdexcept>

namespace lungrt::cuda_driver {
namespace {

/// Functions of libcuda.so.1, which every driver installs.
struct Driver {
  int (*get_count)(int*) = nullptr;
  int (*get_device)(int*, int) = nullptr;
  int (*get_name)(char*, int, int) = nullptr;
  int (*get_attribute)(int*, int, int) = nullptr;
  bool ready = false;
};

template <typename Function>
void look_up(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

Driver open_driver() {
  Driver driver;
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return driver;
  int (*initialise)(unsigned int) = nullptr;
  look_up(library, "cuInit", initialise);
  look_up(library, "cuDeviceGetCount", driver.get_count);
  look_up(library, "cuDeviceGet", driver.get_device);
  look_up(library, "cuDeviceGetName", driver.get_name);
  look_up(library, "cuDeviceGetAttribute", driver.get_attribute);
  driver.ready = initialise != nullptr && driver.get_count != nullptr &&
                 driver.get_device != nullptr && driver.get_name != nullptr &&
                 driver.get_attribute != nullptr && initialise(0) == 0;
  return driver;
}

const Driver& driver() {
  static const Driver opened = open_driver();
  return opened;
}

}  // namespace

int device_count() {
  int count = 0;
  return driver().ready && driver().get_count(&count) == 0 ? count : 0;
}

std::string device_name(int index) {
  if (!driver().ready) throw std::runtime_error("libcuda.so.1 is not installed or finds no device");
  std::array<char, 256> name{};
  int device = 0;
  if (driver().get_device(&device, index) != 0 ||
      driver().get_name(name.data(), static_cast<int>(name.size()), device) != 0) {
    throw std::runtime_error("the CUDA driver does not report the name of device " +
                             std::to_string(index));
  }
  return name.data();
}

int generation(int index) noexcept {
  constexpr int kMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  int device = 0;
  int major = 0;
  const bool known = driver().ready && driver().get_device(&device, index) == 0 &&
                     driver().get_attribute(&major, kMajor, device) == 0;
  return known ? major : 0;
}

}  // namespace lungrt::cuda_driver
