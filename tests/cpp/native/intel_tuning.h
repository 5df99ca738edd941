/// Kernels with the parameters of Intel's AVX-512 table and narrower vectors, so that what differs
/// from the other tables is tested on any processor.
#pragma once

#include "native/kernels.h"

namespace lungrt::native::testing {

const Kernels& portable_intel_kernels();
const Kernels& avx2_intel_kernels();  ///< \pre is_supported(InstructionSet::kAvx2)

}  // namespace lungrt::native::testing
