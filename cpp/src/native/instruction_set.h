/// Instruction sets: which ones a processor supports, and which one is used.
#pragma once

#include <string>

namespace lungrt::native {

/// Sorted by width. The two sets of AVX-512 kernels differ only in what they are tuned for
/// (kernels/tuning.h), and every processor with AVX-512 can run both.
enum class InstructionSet { kPortable, kAvx2, kAvx512, kAvx512Intel };

const char* to_string(InstructionSet set) noexcept;

/// What the choice depends on; a parameter, so that tests can describe other processors.
struct Processor {
  std::string vendor{};  ///< as cpuid spells it, e.g. "GenuineIntel"; empty without cpuid
  bool avx2 = false;     ///< and fused multiply-add
  bool avx512 = false;
};
const Processor& this_processor();

/// Whether a processor supports it and this build contains kernels for it.
bool is_supported(InstructionSet set, const Processor& processor = this_processor()) noexcept;
/// The widest supported instruction set, tuned for the processor's vendor.
InstructionSet best_instruction_set(const Processor& processor = this_processor()) noexcept;
/// Resolves the name of an instruction set.
/// \param name  auto (the best one), portable, avx2, avx512 or avx512_intel
/// \throws Error kInvalidArgument for an unknown name, kDeviceUnavailable where it is not supported
InstructionSet choose_instruction_set(const std::string& name,
                                      const Processor& processor = this_processor());

}  // namespace lungrt::native
