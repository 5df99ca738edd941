/// Decoding of DICOM pixels with GDCM.
#pragma once

#include "io/dicom/codec.h"

namespace lungrt::io {

/// The codec. It is stateless, so all threads share one.
const Codec& gdcm_codec();

}  // namespace lungrt::io
