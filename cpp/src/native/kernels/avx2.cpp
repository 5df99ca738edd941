#include "native/kernels/tuning.h"
#include "native/kernels/vector_avx2.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kAvx2Tuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& avx2_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx2);
  return kTable;
}

}  // namespace lungrt::native
