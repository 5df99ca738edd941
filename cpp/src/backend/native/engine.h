/// Native engine: lungrt's own CPU kernels for both network families; part of the core.
#pragma once

#include "backend/engine.h"

namespace lungrt {

/// The native engine, which needs no other library. Options: `kernels` (winograd or direct) and
/// `instruction_set` (auto, avx512, avx512_intel, avx2 or portable).
const Engine& native_engine();

}  // namespace lungrt
