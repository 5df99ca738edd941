/// Objects that the handles of the C interface point to.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "c_api/boundary.h"
#include "lungrt/pipeline.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt::c_api {

/// First member of each handle. It detects a handle of the wrong kind, which languages without
/// static types can pass easily.
enum class HandleKind : std::uint64_t {
  kPipeline = 0x6c756e6770697065,
  kVolume = 0x6c756e67766f6c75,
  kReport = 0x6c756e6772657074,
};

}  // namespace lungrt::c_api

struct lungrt_pipeline {
  static constexpr auto kKind = lungrt::c_api::HandleKind::kPipeline;
  const lungrt::c_api::HandleKind kind = kKind;
  lungrt::Pipeline pipeline;
  std::string device;  ///< keeps the text alive that lungrt_pipeline_describe() returns

  explicit lungrt_pipeline(lungrt::Pipeline opened)
      : pipeline(std::move(opened)), device(pipeline.device()) {}
};

struct lungrt_volume {
  static constexpr auto kKind = lungrt::c_api::HandleKind::kVolume;
  const lungrt::c_api::HandleKind kind = kKind;
  lungrt::CtVolume volume;

  explicit lungrt_volume(lungrt::CtVolume made) : volume(std::move(made)) {}
};

struct lungrt_report {
  static constexpr auto kKind = lungrt::c_api::HandleKind::kReport;
  const lungrt::c_api::HandleKind kind = kKind;
  lungrt::Report report;

  explicit lungrt_report(lungrt::Report made) : report(std::move(made)) {}
};

namespace lungrt::c_api {

/// Checks that a handle is of the right kind.
/// \param name  name of the argument, for the message
template <typename Handle>
Handle& handle(Handle* given, const char* name) {
  if (required(given, name)->kind != Handle::kKind) {
    refuse(std::string(name) + " is a handle of another kind or not a handle at all");
  }
  return *given;
}

/// Frees a handle of the right kind. Any other pointer is ignored, because it cannot be freed
/// safely.
template <typename Handle>
void free_handle(Handle* given) noexcept {
  if (given != nullptr && given->kind == Handle::kKind) delete given;
}

}  // namespace lungrt::c_api
