/// Entry points of the fuzzer: each takes any bytes at all and returns, or has found a defect.
///
/// A target is compiled twice: with Clang into a libFuzzer program of its own, and with the tests,
/// which replay its committed corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lungrt::fuzz {

/// One input. Errors of the kinds that the code under test documents are caught in here; any other
/// exception is a finding, as is what a sanitizer reports.
using Target = void (*)(std::string_view input);

void manifest(std::string_view input);         ///< manifest.json of a bundle
void compiled_record(std::string_view input);  ///< model.json of the compile cache
void safetensors(std::string_view input);      ///< weights, and the native network made of them
void series(std::string_view input);           ///< headers of DICOM slices to one volume
void volume(std::string_view input);           ///< geometry, voxels, and the lung field of both
void c_api(std::string_view input);            ///< any program against the C interface
void components(std::string_view input);       ///< erosion and components, against a simple way

}  // namespace lungrt::fuzz
