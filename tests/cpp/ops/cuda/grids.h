/// Grids on which each kernel is tested.
#pragma once

#include <vector>

#include "host_machine.h"

namespace lungrt::testing {

/// A single thread, odd block sizes, a warp, the device's block size, and real threads.
inline std::vector<HostGrid> host_grids() {
  return {{1, 1, 1, false},  {3, 5, 2, false},      {32, 7, 3, false},   {33, 2, 4, false},
          {64, 3, 5, false}, {256, 1000, 6, false}, {1024, 2, 7, false}, {3, 3, 8, true}};
}

}  // namespace lungrt::testing
