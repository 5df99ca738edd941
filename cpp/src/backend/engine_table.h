/// Interface of engine libraries: a table of C functions, so that no C++ type or exception passes
/// between libraries that may be built by different compilers against different runtimes.
///
/// A library `liblungrt_<name>.so` exports `lungrt_engine_table`. Every function that can fail
/// returns a status and fills the text; none throws. A session may be used by many threads at once,
/// a workspace by one thread at a time.
#pragma once

#include <cstdint>

#include "core/library_status.h"

extern "C" {

/// Increased whenever the layout or meaning of anything below changes.
#define LUNGRT_ENGINE_ABI 3

/// Precisions that networks are computed in; a set of them is the sum of its members.
enum LungrtPrecision : std::uint32_t {
  kLungrtFp32 = 1,
  kLungrtTf32 = 2,
  kLungrtBf16 = 4,
  kLungrtFp16 = 8,
  kLungrtInt8 = 16,
};

struct LungrtTensor {
  float* data;
  const std::int64_t* shape;  ///< batch, channels, ...
  std::int32_t rank;
  std::int32_t channels_last;  ///< 1: channels last in memory
  std::int32_t cuda;           ///< 1: device memory
  std::int32_t device_index;
  void* stream;  ///< CUDA stream on which the caller orders its work on device memory
};

/// Setting of one engine, by name; each engine defines its own.
struct LungrtOption {
  const char* name;
  const char* value;
};

struct LungrtSessionRequest {
  const char* artifact;
  const char* input_name;
  const char* output_name;
  std::int32_t input_rank;
  std::int32_t cuda;
  std::int32_t device_index;
  std::int32_t threads;
  LungrtPrecision precision;  ///< one of those that precisions() reports for the device
  const LungrtOption* options;
  std::int32_t option_count;
};

struct LungrtSessionTraits {
  std::int32_t channels_last;    ///< 1: run() expects a channels-last input
  std::int64_t batch;            ///< items per run that the engine prefers
  std::int32_t run_streams;      ///< runs at the same time that use the threads best
  std::int32_t fixed_batch = 0;  ///< 1: run() accepts full batches only
  /// 1: run() also accepts tensors in the memory of the device that it runs on.
  std::int32_t device_tensors = 0;
  /// How run() treats such tensors. 1: it works on the caller's CUDA stream and does not wait. 0:
  /// it works on its own streams; the caller's work must be done before, and run() returns when its
  /// own is done.
  std::int32_t stream_ordered = 0;
};

struct LungrtSession;
struct LungrtWorkspace;

struct LungrtEngineTable {
  std::uint32_t abi;            ///< LUNGRT_ENGINE_ABI; read before anything else
  const char* core_version;     ///< LUNGRT_VERSION that it was built with
  const char* artifact_format;  ///< key among the artifacts in the manifest

  /// Loads the runtime behind the engine and writes its version to the text, e.g. "torch 2.13.0".
  /// `folder` is where the application found the runtime's libraries, or empty. On failure the text
  /// is the reason: kLungrtRuntimeMissing where there is no runtime, kLungrtUnsupportedRuntime
  /// where the engine was built for another one. Called once, before anything below.
  LungrtStatus (*open_runtime)(const char* folder, LungrtText* text);
  std::int32_t (*device_count)(std::int32_t cuda);
  LungrtStatus (*device_name)(std::int32_t cuda, std::int32_t index, LungrtText* text);
  /// The set of precisions that the engine supports on a device.
  std::uint32_t (*precisions)(std::int32_t cuda, std::int32_t index);

  LungrtStatus (*open_session)(const LungrtSessionRequest* request, LungrtSession** session,
                               LungrtSessionTraits* traits, LungrtText* error);
  void (*close_session)(LungrtSession* session);
  LungrtStatus (*open_workspace)(LungrtSession* session, LungrtWorkspace** workspace,
                                 LungrtText* error);
  void (*close_workspace)(LungrtWorkspace* workspace);
  LungrtStatus (*run)(LungrtSession* session, LungrtWorkspace* workspace, const LungrtTensor* input,
                      const LungrtTensor* output, LungrtText* error);
};

using LungrtEngineTableFunction = const LungrtEngineTable* (*)();
}
