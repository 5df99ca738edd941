/// Order of a tensor's axes in memory.
#pragma once

namespace lungrt {

enum class Layout {
  kPlanes,       ///< NCHW, NCDHW
  kInterleaved,  ///< channels last: NHWC, NDHWC
};

}  // namespace lungrt
