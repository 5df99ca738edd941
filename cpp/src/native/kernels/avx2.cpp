#include "native/kernels/vector_avx2.h"
//
#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& avx2_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx2);
  return kTable;
}

}  // namespace lungrt::native
