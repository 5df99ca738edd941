/// Memory layout of tensors.
#pragma once

namespace lungrt {

/// Order of a tensor's axes in memory.
enum class Layout {
  kNchw,  ///< channels first: NCHW, or NCDHW of volumes
  kNhwc,  ///< channels last: NHWC, or NDHWC of volumes
};

}  // namespace lungrt
