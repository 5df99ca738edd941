// The part of an old NVIDIA driver (libcuda.so.1, for CUDA 12.4) that the CUDA runtime asks for
// before it refuses to work with it.

#include <cstring>

#define DRIVER_FUNCTION extern "C" __attribute__((visibility("default"))) int

namespace {
constexpr int kNotFound = 500;  // CUDA_ERROR_NOT_FOUND
}

DRIVER_FUNCTION cuInit(unsigned) { return 0; }

DRIVER_FUNCTION cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}

DRIVER_FUNCTION cuGetExportTable(const void** table, const void*) {
  *table = nullptr;
  return kNotFound;
}

DRIVER_FUNCTION cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long,
                                    int*) {
  const struct {
    const char* name;
    void* function;
  } known[] = {{"cuInit", reinterpret_cast<void*>(&cuInit)},
               {"cuDriverGetVersion", reinterpret_cast<void*>(&cuDriverGetVersion)},
               {"cuGetExportTable", reinterpret_cast<void*>(&cuGetExportTable)},
               {"cuGetProcAddress", reinterpret_cast<void*>(&cuGetProcAddress_v2)}};
  *function = nullptr;
  for (const auto& entry : known) {
    if (std::strcmp(name, entry.name) == 0) *function = entry.function;
  }
  return *function != nullptr || *name == '\0' ? 0 : kNotFound;
}

DRIVER_FUNCTION cuGetProcAddress(const char* name, void** function, int version,
                                 unsigned long long flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
