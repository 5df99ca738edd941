/// The grids that each kernel is tested on.
#pragma once

#include <vector>

#include "host_machine.h"

namespace lungrt::testing {

/// One thread, blocks that fit nothing, a warp, a device's own size, and real threads.
inline std::vector<HostGrid> host_grids() {
  return {{1, 1, 1, false},  {3, 5, 2, false},      {32, 7, 3, false},   {33, 2, 4, false},
          {64, 3, 5, false}, {256, 1000, 6, false}, {1024, 2, 7, false}, {3, 3, 8, true}};
}

}  // namespace lungrt::testing
