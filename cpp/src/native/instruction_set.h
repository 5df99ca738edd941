/// Instruction sets: which ones a processor supports, and which one is used.
#pragma once

#include <string>

namespace lungrt::native {

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

const char* to_string(InstructionSet set) noexcept;
/// Whether this processor supports it and this build contains kernels for it.
bool is_supported(InstructionSet set) noexcept;
/// Function that reports supported sets; a parameter, so that tests can simulate other processors.
using IsSupported = bool (*)(InstructionSet) noexcept;
/// The widest supported instruction set.
InstructionSet best_instruction_set(IsSupported supported = is_supported) noexcept;
/// Resolves the name of an instruction set.
/// \param name  auto (the widest supported one), portable, avx2 or avx512
/// \throws Error kInvalidArgument for an unknown name, kDeviceUnavailable where it is not supported
InstructionSet choose_instruction_set(const std::string& name,
                                      IsSupported supported = is_supported);

}  // namespace lungrt::native
