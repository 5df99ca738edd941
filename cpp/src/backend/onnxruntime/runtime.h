/// The ONNX Runtime library, which is opened at run time: one build of this engine works with every
/// version from kOldestApi on, whether from a Python wheel, the system or a release archive.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lungrt::onnxruntime {

/// Version of the C interface that is used, which newer libraries keep. Where a newer one is
/// needed, the code says so. The artifacts' operator set (18) also requires this version.
inline constexpr std::uint32_t kOldestApi = 14;

/// Opens the library: from $ONNXRUNTIME_ROOT where that is set, else from `folder`, else with the
/// system loader's search.
/// \return its version, e.g. "1.32.0"
/// \throws Failure kLungrtRuntimeMissing, kLungrtUnsupportedRuntime
std::string open_runtime(const std::string& folder);

/// The process's environment; never destroyed, since the runtime's threads may outlive main. Like
/// all functions below, only valid after open_runtime() succeeded.
Ort::Env& environment();

/// Path of the library that was opened.
const std::string& library_path();

/// Execution providers that the library was built with, by their full names.
const std::vector<std::string>& providers();

/// A newer interface than kOldestApi, or null where the library does not have it.
const OrtApi* newer_api(std::uint32_t version);

}  // namespace lungrt::onnxruntime
