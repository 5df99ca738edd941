#include "native/kernels/tuning.h"
#include "native/kernels/vector_avx512.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kAvx512Tuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& avx512_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx512);
  return kTable;
}

}  // namespace lungrt::native
