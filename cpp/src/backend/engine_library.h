/// Adapter between an engine's C++ classes and the C functions of its table, shared by all engine
/// libraries.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "backend/engine_table.h"
#include "lungrt/version.h"

/// Base classes of the table's opaque handles, for engines to derive from.
struct LungrtWorkspace {
  virtual ~LungrtWorkspace() = default;
};

struct LungrtSession {
  virtual ~LungrtSession() = default;
  virtual LungrtSessionTraits traits() const = 0;
  /// The default is an empty workspace, for runtimes that manage their buffers themselves.
  virtual std::unique_ptr<LungrtWorkspace> new_workspace() const {
    return std::make_unique<LungrtWorkspace>();
  }
  virtual void run(LungrtWorkspace& workspace, const LungrtTensor& input,
                   const LungrtTensor& output) const = 0;
};

namespace lungrt::engine_library {

/// Exception with the status that the core receives.
class Failure : public std::runtime_error {
 public:
  Failure(LungrtStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  LungrtStatus status() const { return status_; }

 private:
  LungrtStatus status_;
};

/// Translates the exception that is being handled; each library defines it.
/// \param otherwise  status for exceptions that have no status of their own
Failure meaning_of_current_exception(LungrtStatus otherwise);

inline LungrtStatus tell(LungrtStatus status, const std::string& message, LungrtText* text) {
  std::snprintf(text->data, text->capacity, "%s", message.c_str());
  return status;
}

/// Runs `body` and turns every exception into a status: none may cross the table.
template <typename Body>
LungrtStatus guarded(LungrtStatus otherwise, LungrtText* text, Body&& body) noexcept {
  try {
    body();
    return kLungrtOk;
  } catch (...) {
    const Failure failure = meaning_of_current_exception(otherwise);
    return tell(failure.status(), failure.what(), text);
  }
}

/// For an engine without options.
/// \throws Failure kLungrtInvalidOption
inline void refuse_options(const LungrtSessionRequest& request) {
  if (request.option_count == 0) return;
  throw Failure(kLungrtInvalidOption, std::string("unknown option '") + request.options[0].name +
                                          "': this engine has no options");
}

/// Builds the table of an engine.
/// \tparam Engine  has `kArtifactFormat`, the table's functions open_runtime, device_count,
///                 device_name and precisions, and `open`, which makes a session from a request
template <typename Engine>
constexpr LungrtEngineTable table_of() {
  return {
      .abi = LUNGRT_ENGINE_ABI,
      .core_version = LUNGRT_VERSION,
      .artifact_format = Engine::kArtifactFormat,
      .open_runtime = Engine::open_runtime,
      .device_count = Engine::device_count,
      .device_name = Engine::device_name,
      .precisions = Engine::precisions,
      .open_session =
          [](const LungrtSessionRequest* request, LungrtSession** session,
             LungrtSessionTraits* traits, LungrtText* error) {
            return guarded(kLungrtBadArtifact, error, [&] {
              std::unique_ptr<LungrtSession> made = Engine::open(*request);
              *traits = made->traits();
              *session = made.release();
            });
          },
      .close_session = [](LungrtSession* session) { delete session; },
      .open_workspace =
          [](LungrtSession* session, LungrtWorkspace** workspace, LungrtText* error) {
            return guarded(kLungrtInference, error,
                           [&] { *workspace = session->new_workspace().release(); });
          },
      .close_workspace = [](LungrtWorkspace* workspace) { delete workspace; },
      .run =
          [](LungrtSession* session, LungrtWorkspace* workspace, const LungrtTensor* input,
             const LungrtTensor* output, LungrtText* error) {
            return guarded(kLungrtInference, error,
                           [&] { session->run(*workspace, *input, *output); });
          },
  };
}

}  // namespace lungrt::engine_library
