#include "native/kernels/vector_avx512.h"
//
#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& avx512_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kAvx512);
  return kTable;
}

}  // namespace lungrt::native
