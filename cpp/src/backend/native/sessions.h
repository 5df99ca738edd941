/// Sessions of the native engine.
#pragma once

#include <memory>

#include "backend/session.h"

namespace lungrt {

/// \throws Error as Engine::open does
std::unique_ptr<Session> open_native_session(const SessionRequest& request);

}  // namespace lungrt
