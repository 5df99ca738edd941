/// Entry point of libFuzzer; LUNGRT_FUZZ_TARGET is the name of the target.

#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lungrt::fuzz::LUNGRT_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
