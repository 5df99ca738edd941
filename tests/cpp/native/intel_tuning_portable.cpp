#include "native/intel_tuning.h"
#include "native/kernels/tuning.h"
#include "native/kernels/vector_portable.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kAvx512IntelTuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native::testing {

const Kernels& portable_intel_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kPortable);
  return kTable;
}

}  // namespace lungrt::native::testing
