/// A choice that both network families have.
#pragma once

namespace lungrt::native {

/// How 3 x 3 convolutions are computed.
enum class Algorithm {
  kWinograd,  ///< F(4 x 4, 3 x 3) where it is less work, direct elsewhere
  kDirect,
};

}  // namespace lungrt::native
