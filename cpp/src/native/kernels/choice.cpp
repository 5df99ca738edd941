#include "native/kernels.h"

namespace lungrt::native {

const Kernels& kernels_for(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return avx512_kernels();
  if (set == InstructionSet::kAvx2) return avx2_kernels();
#endif
  static_cast<void>(set);
  return portable_kernels();
}

}  // namespace lungrt::native
