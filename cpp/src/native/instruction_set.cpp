#include "native/instruction_set.h"

#include "lungrt/error.h"
#include "native/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <cstring>
#endif

namespace lungrt::native {
namespace {

constexpr InstructionSet kSets[] = {InstructionSet::kAvx512, InstructionSet::kAvx512Intel,
                                    InstructionSet::kAvx2, InstructionSet::kPortable};

#if defined(__x86_64__)
std::string cpuid_vendor() {
  unsigned highest = 0;
  unsigned words[3] = {};
  if (__get_cpuid(0, &highest, &words[0], &words[2], &words[1]) == 0) return "";
  char name[sizeof(words)];
  std::memcpy(name, words, sizeof(words));
  return {name, sizeof(name)};
}
#endif

}  // namespace

const char* to_string(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::kAvx512Intel:
      return "avx512_intel";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kPortable:
      break;
  }
  return "portable";
}

const Processor& this_processor() {
#if defined(__x86_64__)
  // The built-in function also asks whether the operating system saves the registers.
  static const Processor processor{
      .vendor = cpuid_vendor(),
      .avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0,
      .avx512 = __builtin_cpu_supports("avx512f") != 0};
#else
  static const Processor processor;
#endif
  return processor;
}

bool is_supported(InstructionSet set, const Processor& processor) noexcept {
  switch (set) {
    case InstructionSet::kAvx512:
    case InstructionSet::kAvx512Intel:
      return processor.avx512 && processor.avx2;
    case InstructionSet::kAvx2:
      return processor.avx2;
    case InstructionSet::kPortable:
      break;
  }
  return true;
}

InstructionSet best_instruction_set(const Processor& processor) noexcept {
  if (is_supported(InstructionSet::kAvx512, processor)) {
    return processor.vendor == "GenuineIntel" ? InstructionSet::kAvx512Intel
                                              : InstructionSet::kAvx512;
  }
  return is_supported(InstructionSet::kAvx2, processor) ? InstructionSet::kAvx2
                                                        : InstructionSet::kPortable;
}

InstructionSet choose_instruction_set(const std::string& name, const Processor& processor) {
  if (name == "auto") return best_instruction_set(processor);
  for (const InstructionSet set : kSets) {
    if (name != to_string(set)) continue;
    if (is_supported(set, processor)) return set;
    throw Error(ErrorCode::kDeviceUnavailable,
                "instruction set " + name +
                    " was requested, but this processor does not support it; " +
                    to_string(best_instruction_set(processor)) + " is the best that it supports");
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown instruction set '" + name +
                  "': expected auto, avx512, avx512_intel, avx2 or portable");
}

const Kernels& kernels_for(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512Intel) return avx512_intel_kernels();
  if (set == InstructionSet::kAvx512) return avx512_kernels();
  if (set == InstructionSet::kAvx2) return avx2_kernels();
#endif
  static_cast<void>(set);
  return portable_kernels();
}

}  // namespace lungrt::native
