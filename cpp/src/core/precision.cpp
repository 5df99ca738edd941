#include "lungrt/precision.h"

#include "lungrt/error.h"

namespace lungrt {
namespace {

constexpr Precision kAll[] = {Precision::kFp32, Precision::kTf32, Precision::kBf16,
                              Precision::kFp16, Precision::kInt8};

}  // namespace

Precision parse_precision(const std::string& text) {
  std::string known;
  for (const Precision precision : kAll) {
    if (text == to_string(precision)) return precision;
    known += (known.empty() ? "" : ", ") + std::string(to_string(precision));
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown precision '" + text + "': expected one of " + known);
}

const char* to_string(Precision precision) noexcept {
  switch (precision) {
    case Precision::kTf32:
      return "tf32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFp16:
      return "fp16";
    case Precision::kInt8:
      return "int8";
    case Precision::kFp32:
      break;
  }
  return "fp32";
}

}  // namespace lungrt
