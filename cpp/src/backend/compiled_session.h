/// A session over code that was compiled for fixed sizes and checks nothing itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/engine.h"
#include "core/compiled.h"

namespace lungrt {

/// For the message where a size is not compiled.
struct CompiledHint {
  std::int64_t halo = 0;  ///< pixels on each side of an input that belong to no slice
  std::string command;    ///< which compiles another size of it
};

/// Opens every size that a network was compiled for as one session.
///
/// Each run is held against what was recorded: another shape, layout or device than one of those
/// is Error kInvalidArgument, before the engine sees it.
/// \param models   at least one; they agree on batch and layout, which become its traits
/// \param request  `artifact` is set for each model
/// \throws Error as Engine::open
std::unique_ptr<Session> open_compiled(const Engine& engine,
                                       const std::vector<CompiledModel>& models,
                                       SessionRequest request, CompiledHint hint);

}  // namespace lungrt
