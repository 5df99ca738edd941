/// From what a caller asked for to what the machine has: decided once, never silently.
#pragma once

#include <string>

#include "backend/engine.h"

namespace lungrt {

/// \param wanted  cpu, cuda, cuda:N, or auto: the first CUDA device where there is one, else cpu
/// \throws Error kDeviceUnavailable, kInvalidArgument
Device choose_device(const Engine& engine, const std::string& wanted);

/// \param wanted  0: as many as this process may run on
/// \throws Error kInvalidArgument
int choose_threads(int wanted);

}  // namespace lungrt
