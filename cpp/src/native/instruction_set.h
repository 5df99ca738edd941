/// Which vector instructions a processor has, and which are used.
#pragma once

#include <string>

namespace lungrt::native {

enum class InstructionSet { kPortable, kAvx2, kAvx512 };

const char* to_string(InstructionSet set) noexcept;
/// Whether this processor, and this build, can run it.
bool is_supported(InstructionSet set) noexcept;
/// Which sets a processor has; a parameter so that tests can be another processor.
using IsSupported = bool (*)(InstructionSet) noexcept;
/// The widest supported one.
InstructionSet best_instruction_set(IsSupported supported = is_supported) noexcept;
/// \param name  auto, portable, avx2 or avx512
/// \throws Error kInvalidArgument for another name, kDeviceUnavailable where it is not supported
InstructionSet choose_instruction_set(const std::string& name,
                                      IsSupported supported = is_supported);

}  // namespace lungrt::native
