/// Numeric precision that networks are computed in.
#pragma once

#include <string>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// Precision of a network's multiplications. Everything but float32 changes the results, so it is
/// used only on request, and the report says which was used.
enum class Precision {
  kFp32,  ///< IEEE float32 throughout
  kTf32,  ///< float32 with factors rounded to a 10-bit mantissa (NVIDIA tensor cores)
  kBf16,  ///< bfloat16 factors, float32 sums
  kFp16,  ///< half-precision factors, float32 sums
  kInt8,  ///< 8-bit integers
};

/// Parses the name of a precision: "fp32", "tf32", "bf16", "fp16" or "int8".
/// \throws Error kInvalidArgument for anything else
LUNGRT_API Precision parse_precision(const std::string& text);
/// Name of a precision, e.g. "fp32".
LUNGRT_API const char* to_string(Precision precision) noexcept;

}  // namespace lungrt
