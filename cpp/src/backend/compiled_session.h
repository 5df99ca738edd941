/// Session over code that was compiled for fixed sizes and does not check its input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/engine.h"
#include "core/bundle/compiled.h"

namespace lungrt {

/// For the message about a size that the network was not compiled for.
struct CompiledHint {
  std::int64_t halo = 0;  ///< pixels on each side of an input that are not part of the slice
  std::string command;    ///< compiles the network for another size
};

/// Opens every size that a network was compiled for as one session.
///
/// Each run is checked against the records: for a shape, layout or device that none of them has, it
/// throws Error kInvalidArgument before the engine sees the input.
/// \param models   at least one; all have the same batch and layout, which become its traits
/// \param request  `artifact` is set for each model
/// \throws Error as Engine::open
std::unique_ptr<Session> open_compiled(const Engine& engine,
                                       const std::vector<CompiledModel>& models,
                                       SessionRequest request, CompiledHint hint);

}  // namespace lungrt
