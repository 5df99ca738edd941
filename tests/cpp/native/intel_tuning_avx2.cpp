#include "native/intel_tuning.h"
#include "native/kernels/tuning.h"
#include "native/kernels/vector_avx2.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kAvx512IntelTuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native::testing {

const Kernels& avx2_intel_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx2);
  return kTable;
}

}  // namespace lungrt::native::testing
