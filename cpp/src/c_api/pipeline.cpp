/// C interface: pipelines and runs.

#include "lungrt/pipeline.h"

#include <exception>
#include <optional>
#include <string>

#include "c_api/handles.h"
#include "c_api/versioned_struct.h"
#include "lungrt/precision.h"

namespace {

using namespace lungrt;
using c_api::refuse;

constexpr std::size_t kMostEngineOptions = 256;

/// Replaces a default by the caller's value, unless that is null.
void take(std::string& option, const char* given) {
  if (given != nullptr) option = given;
}

std::optional<bool> merge_marks(std::int32_t given) {
  switch (given) {
    case LUNGRT_MERGE_BY_PROFILE:
      return std::nullopt;
    case LUNGRT_MERGE_NEVER:
      return false;
    case LUNGRT_MERGE_ALWAYS:
      return true;
    default:
      refuse("options.merge_marks is " + std::to_string(given) +
             ", expected LUNGRT_MERGE_BY_PROFILE, LUNGRT_MERGE_NEVER or LUNGRT_MERGE_ALWAYS");
  }
}

PipelineOptions pipeline_options(const lungrt_pipeline_options* place) {
  PipelineOptions options;
  if (place == nullptr) return options;
  const lungrt_pipeline_options given = c_api::read_struct(place, "options");
  take(options.engine, given.engine);
  take(options.device, given.device);
  take(options.precision, given.precision);
  take(options.profile, given.profile);
  take(options.geometry, given.geometry);
  take(options.region, given.region);
  take(options.voxel_order, given.voxel_order);
  options.merge_marks = merge_marks(given.merge_marks);
  options.threads = given.threads;
  options.verify_hashes = !c_api::flag(given.skip_hashes, "options.skip_hashes");
  if (given.engine_option_count > kMostEngineOptions) {
    refuse("options.engine_option_count is " + std::to_string(given.engine_option_count) +
           ", expected at most " + std::to_string(kMostEngineOptions));
  }
  if (given.engine_option_count > 0)
    c_api::required(given.engine_options, "options.engine_options");
  for (std::size_t i = 0; i < given.engine_option_count; ++i) {
    const lungrt_engine_option& option = given.engine_options[i];
    options.engine_options[c_api::required(option.name, "the name of an engine option")] =
        c_api::required(option.value, "the value of an engine option");
  }
  return options;
}

/// Calls a callback of the caller; a C++ exception that leaves it ends the run.
template <typename Call>
auto contained(const char* which, const Call& call) {
  const std::string what = std::string("the ") + which + " callback threw an exception";
  try {
    return call();
  } catch (const std::exception& thrown) {
    throw Error(ErrorCode::kCancelled, what + ": " + thrown.what());
  } catch (...) {
    throw Error(ErrorCode::kCancelled, what);
  }
}

RunOptions run_options(const lungrt_run_options* place) {
  RunOptions options;
  if (place == nullptr) return options;
  const lungrt_run_options given = c_api::read_struct(place, "options");
  options.max_candidates = given.max_candidates;
  options.max_seconds = given.max_seconds;
  options.max_memory_bytes = given.max_memory_bytes;
  options.keep_masks = c_api::flag(given.keep_masks, "options.keep_masks");
  options.allow_non_hu = c_api::flag(given.allow_non_hu, "options.allow_non_hu");
  if (given.progress != nullptr) {
    options.progress = [given](const char* stage, std::int64_t done, std::int64_t total) {
      contained("progress", [&] { given.progress(given.user, stage, done, total); });
    };
  }
  if (given.cancel != nullptr) {
    options.cancelled = [given] {
      return contained("cancel", [&] { return given.cancel(given.user) != 0; });
    };
  }
  return options;
}

}  // namespace

lungrt_status lungrt_pipeline_open(const char* bundle, const lungrt_pipeline_options* options,
                                   lungrt_pipeline** pipeline) {
  return c_api::guarded(__func__, [&] {
    *c_api::required(pipeline, "pipeline") = nullptr;
    const std::string folder = c_api::required(bundle, "bundle");
    *pipeline = new lungrt_pipeline(Pipeline(folder, pipeline_options(options)));
  });
}

void lungrt_pipeline_free(lungrt_pipeline* pipeline) { c_api::free_handle(pipeline); }

lungrt_status lungrt_pipeline_describe(const lungrt_pipeline* pipeline,
                                       lungrt_pipeline_info* info) {
  return c_api::guarded(__func__, [&] {
    const lungrt_pipeline& own = c_api::handle(pipeline, "pipeline");
    lungrt_pipeline_info value{};
    value.engine = own.pipeline.engine().c_str();
    value.device = own.device.c_str();
    value.profile = own.pipeline.profile().profile.c_str();
    value.precision = to_string(own.pipeline.profile().precision);
    value.threads = own.pipeline.threads();
    c_api::write_struct(value, info, "info");
  });
}

lungrt_status lungrt_pipeline_run(const lungrt_pipeline* pipeline, const lungrt_volume* volume,
                                  const lungrt_run_options* options, lungrt_report** report) {
  return c_api::guarded(__func__, [&] {
    *c_api::required(report, "report") = nullptr;
    const Pipeline& own = c_api::handle(pipeline, "pipeline").pipeline;
    const CtVolume& ct = c_api::handle(volume, "volume").volume;
    *report = new lungrt_report(own.run(ct, run_options(options)));
  });
}

void lungrt_report_free(lungrt_report* report) { c_api::free_handle(report); }
