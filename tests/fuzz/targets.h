/// Entry points of the fuzzer. Each accepts any bytes and returns, unless it has found a defect.
///
/// Each target is compiled twice: with Clang into its own libFuzzer program, and with the tests,
/// which replay its committed corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lungrt::fuzz {

/// Run one input. They catch errors of the kinds that the tested code documents; any other
/// exception is a finding, as is a report of a sanitizer.
using Target = void (*)(std::string_view input);

void manifest(std::string_view input);         ///< manifest.json of a bundle
void compiled_record(std::string_view input);  ///< model.json of the compile cache
void safetensors(std::string_view input);      ///< weights, and the native network built from them
void series(std::string_view input);           ///< planning a volume from headers of DICOM slices
void volume(std::string_view input);           ///< geometry, voxels, and their lung field
void image(std::string_view input);            ///< image files of every format, and packed data
void dicom(std::string_view input);            ///< a DICOM file of any kind, up to its pixels
void c_api(std::string_view input);            ///< any sequence of calls of the C interface
void components(
    std::string_view input);  ///< erosion and components, compared with simple implementations

}  // namespace lungrt::fuzz
