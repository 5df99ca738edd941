#include "native/instruction_set.h"

#include "lungrt/error.h"
#include "native/kernels.h"

namespace lungrt::native {

const char* to_string(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kPortable:
      break;
  }
  return "portable";
}

bool is_supported(InstructionSet set) noexcept {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") != 0 && is_supported(InstructionSet::kAvx2);
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case InstructionSet::kPortable:
      break;
  }
  return true;
#else
  return set == InstructionSet::kPortable;
#endif
}

InstructionSet best_instruction_set(IsSupported supported) noexcept {
  for (const InstructionSet set : {InstructionSet::kAvx512, InstructionSet::kAvx2}) {
    if (supported(set)) return set;
  }
  return InstructionSet::kPortable;
}

InstructionSet choose_instruction_set(const std::string& name, IsSupported supported) {
  if (name == "auto") return best_instruction_set(supported);
  for (const InstructionSet set :
       {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (name != to_string(set)) continue;
    if (supported(set)) return set;
    throw Error(ErrorCode::kDeviceUnavailable,
                "instruction set " + name +
                    " was requested, but this processor does not support it; " +
                    to_string(best_instruction_set(supported)) + " is the widest that it supports");
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown instruction set '" + name + "': expected auto, avx512, avx2 or portable");
}

const Kernels& kernels_for(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return avx512_kernels();
  if (set == InstructionSet::kAvx2) return avx2_kernels();
#endif
  static_cast<void>(set);
  return portable_kernels();
}

}  // namespace lungrt::native
