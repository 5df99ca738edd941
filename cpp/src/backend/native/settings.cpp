#include "backend/native/settings.h"

#include "lungrt/error.h"

namespace lungrt {

NativeSettings parse_native_settings(const EngineOptions& options) {
  native::Algorithm algorithm = native::Algorithm::kWinograd;
  std::string instruction_set = "auto";
  for (const auto& [name, value] : options) {
    if (name == "instruction_set") {
      instruction_set = value;
    } else if (name != "kernels") {
      throw Error(
          ErrorCode::kInvalidArgument,
          "engine native: unknown option '" + name +
              "'; its options are kernels (winograd, direct) and instruction_set (auto, avx512, "
              "avx2, portable)");
    } else if (value == "direct") {
      algorithm = native::Algorithm::kDirect;
    } else if (value != "winograd") {
      throw Error(ErrorCode::kInvalidArgument,
                  "engine native: kernels is '" + value + "', expected winograd or direct");
    }
  }
  return {algorithm, native::kernels_for(native::choose_instruction_set(instruction_set))};
}

void require_family(const native::NetworkFile& network, bool slices,
                    const std::filesystem::path& file) {
  if (slices == std::holds_alternative<native::UnetOptions>(network.options)) return;
  throw Error(ErrorCode::kBadBundle,
              file.string() + ": holds a " +
                  (slices ? "classifier, expected a U-Net" : "U-Net, expected a classifier") +
                  " for this stage");
}

}  // namespace lungrt
