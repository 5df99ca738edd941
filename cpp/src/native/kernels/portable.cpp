#include "native/kernels/tuning.h"
#include "native/kernels/vector_portable.h"

namespace lungrt::native {
namespace {
constexpr Tuning kTuning = kPortableTuning;
}
}  // namespace lungrt::native

#include "native/kernels/table.h"

namespace lungrt::native {

const Kernels& portable_kernels() {
  static constexpr Kernels kTable = table_for(InstructionSet::kPortable);
  return kTable;
}

}  // namespace lungrt::native
