/// The ONNX Runtime library, found and opened at run time: one build of this engine works with
/// every version from kOldestApi on, whether it comes from a Python wheel, the system or an
/// archive.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lungrt::onnxruntime {

/// The C interface asked for, which newer libraries keep. Everything used here is in it but where
/// it says so; the artifacts' operator set (18) needs this version, too.
inline constexpr std::uint32_t kOldestApi = 14;

/// Opens the library: in $ONNXRUNTIME_ROOT where that is set, else in `folder`, else by the
/// system's loader.
/// \return its version, e.g. "1.32.0"
/// \throws Failure kLungrtRuntimeMissing, kLungrtUnsupportedRuntime
std::string open_runtime(const std::string& folder);

/// Of this process; never destroyed, since the runtime's threads may outlive main.
/// Like everything below: only after open_runtime() succeeded.
Ort::Env& environment();

/// Path of the library that was opened.
const std::string& library_path();

/// Execution providers that the library was built with, as it calls them.
const std::vector<std::string>& providers();

/// A newer interface than kOldestApi, or null where the library has none.
const OrtApi* newer_api(std::uint32_t version);

}  // namespace lungrt::onnxruntime
