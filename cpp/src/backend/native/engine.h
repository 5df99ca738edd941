/// The engine that is part of the core: both network families as own CPU kernels.
#pragma once

#include "backend/engine.h"

namespace lungrt {

/// Needs no other library. Options: `kernels` (winograd or direct) and `instruction_set` (auto,
/// avx512, avx2 or portable).
const Engine& native_engine();

}  // namespace lungrt
