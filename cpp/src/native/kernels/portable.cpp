#include "native/kernels/vector_portable.h"
//
#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& portable_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kPortable);
  return kTable;
}

}  // namespace lungrt::native
