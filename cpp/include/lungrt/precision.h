/// The numbers that networks are computed in.
#pragma once

#include <string>

#include "lungrt/export.h"

namespace lungrt {

/// What a network's products are computed in. Anything but float32 is another, cheaper network: it
/// is run where it was asked for only, and the report says so.
enum class Precision {
  kFp32,  ///< IEEE float32 throughout
  kTf32,  ///< float32 whose factors are rounded to 10 bits of mantissa (NVIDIA tensor cores)
  kBf16,  ///< bfloat16 factors, float32 sums
  kFp16,  ///< half-precision factors, float32 sums
  kInt8,  ///< 8-bit integers
};

/// "fp32", "tf32", "bf16", "fp16" or "int8".
/// \throws Error kInvalidArgument for anything else
LUNGRT_API Precision parse_precision(const std::string& text);
LUNGRT_API const char* to_string(Precision precision) noexcept;

}  // namespace lungrt
