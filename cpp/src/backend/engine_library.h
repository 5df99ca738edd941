/// What lies between an engine's own classes and the C functions of its table: the same in every
/// engine library.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "backend/engine_table.h"
#include "lungrt/version.h"

/// What the table's opaque handles are; engines derive theirs.
struct LungrtWorkspace {
  virtual ~LungrtWorkspace() = default;
};

struct LungrtSession {
  virtual ~LungrtSession() = default;
  virtual LungrtSessionTraits traits() const = 0;
  /// Holds nothing where the runtime keeps its buffers itself.
  virtual std::unique_ptr<LungrtWorkspace> new_workspace() const {
    return std::make_unique<LungrtWorkspace>();
  }
  virtual void run(LungrtWorkspace& workspace, const LungrtTensor& input,
                   const LungrtTensor& output) const = 0;
};

namespace lungrt::engine_library {

/// Something that went wrong, with the status that the core gets.
class Failure : public std::runtime_error {
 public:
  Failure(LungrtStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  LungrtStatus status() const { return status_; }

 private:
  LungrtStatus status_;
};

/// Each library defines it: what the exception that is being handled means.
/// \param otherwise  the status where it is no exception with a meaning of its own
Failure meaning_of_current_exception(LungrtStatus otherwise);

inline LungrtStatus tell(LungrtStatus status, const std::string& message, LungrtText* text) {
  std::snprintf(text->data, text->capacity, "%s", message.c_str());
  return status;
}

/// Runs `body` and turns whatever it throws into a status: nothing may cross the table.
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

/// An engine is what its table needs to know: `kArtifactFormat` and the functions open_runtime,
/// device_count, device_name and precisions of the table, and `open`, from a request to a session.
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
