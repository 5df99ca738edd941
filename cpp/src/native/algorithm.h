/// Algorithms of the native engine's convolutions.
#pragma once

namespace lungrt::native {

/// Algorithm of 3 x 3 convolutions, in both network families.
enum class Algorithm {
  kWinograd,  ///< F(4 x 4, 3 x 3) where that is less work, direct elsewhere
  kDirect,    ///< direct everywhere
};

}  // namespace lungrt::native
