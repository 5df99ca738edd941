/// Order of a tensor's axes in memory.
#pragma once

namespace lungrt {

enum class Layout {
  kNchw,  ///< channels first: NCHW, or NCDHW of volumes
  kNhwc,  ///< channels last: NHWC, or NDHWC of volumes
};

}  // namespace lungrt
