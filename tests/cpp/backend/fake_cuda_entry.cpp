/// What a library exports of the fake CUDA core: all that is right, or something that the loader
/// has to refuse, chosen at compile time.

#include "backend/fake_cuda.h"
#include "lungrt/version.h"

#ifndef FAKE_ABI
#define FAKE_ABI LUNGRT_CUDA_ABI
#endif
#ifndef FAKE_CORE
#define FAKE_CORE LUNGRT_VERSION
#endif
#ifndef FAKE_DEVICES
#define FAKE_DEVICES 2
#endif

const int lungrt::testing::kFakeCudaDevices = FAKE_DEVICES;

namespace {

LungrtCudaTable table_with_faults() {
  LungrtCudaTable table = lungrt::testing::fake_cuda_table();
  table.abi = FAKE_ABI;
  table.core_version = FAKE_CORE;
  return table;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const LungrtCudaTable* FAKE_ENTRY() {
  static const LungrtCudaTable kTable = table_with_faults();
  return &kTable;
}
