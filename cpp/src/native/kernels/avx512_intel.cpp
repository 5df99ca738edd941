#include "native/kernels/tuning.h"
#include "native/kernels/vector_avx512.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kAvx512IntelTuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& avx512_intel_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx512Intel);
  return kTable;
}

}  // namespace lungrt::native
