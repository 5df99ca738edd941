/// DICOM's pixels through GDCM, and its deflated files through zlib.
#pragma once

#include "io/dicom/codec.h"

namespace lungrt::io {

/// Without state, so that all threads share one.
const Codec& gdcm_codec();

}  // namespace lungrt::io
