/// What an engine library exports: a table of C functions, so that no C++ type or exception crosses
/// between libraries that may be built by different compilers against different runtimes.
///
/// A library `liblungrt_<name>.so` exports `lungrt_engine_table`. Every function that can fail
/// returns a status and fills the text; none throws. Sessions may be used from many threads at
/// once, a workspace from one at a time.
#pragma once

#include <cstdint>

#include "core/library_status.h"

extern "C" {

/// Raised whenever anything below changes.
#define LUNGRT_ENGINE_ABI 3

/// What a network is computed in; a set of them is their sum.
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
  void* stream;  ///< CUDA stream that the caller orders what it does to device memory on
};

/// A setting of one engine, by name; which there are is the engine's to say.
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
  LungrtPrecision precision;  ///< one of those that the engine said it does on the device
  const LungrtOption* options;
  std::int32_t option_count;
};

struct LungrtSessionTraits {
  std::int32_t channels_last;  ///< 1: run() expects its input so
  std::int64_t batch;
  std::int32_t run_streams;      ///< runs at once that use the threads best
  std::int32_t fixed_batch = 0;  ///< 1: run() takes a whole batch only
  /// 1: run() takes tensors in the memory of the device that it runs on, too.
  std::int32_t device_tensors = 0;
  /// 1: it works with these on the caller's stream and does not wait. 0: on streams of its own: the
  /// caller's is to be done before, and when run() returns the work is, too.
  std::int32_t stream_ordered = 0;
};

struct LungrtSession;
struct LungrtWorkspace;

struct LungrtEngineTable {
  std::uint32_t abi;            ///< LUNGRT_ENGINE_ABI; read before anything else
  const char* core_version;     ///< LUNGRT_VERSION it was built with
  const char* artifact_format;  ///< key of the manifest's artifacts

  /// Makes the runtime behind the engine ready and tells its version, e.g. "torch 2.13.0".
  /// `folder` is where the application found the runtime's libraries, or empty. On failure the text
  /// is the reason: kLungrtRuntimeMissing where there is none, kLungrtUnsupportedRuntime where it
  /// is not one that the engine was built for. Called once, before anything below.
  LungrtStatus (*open_runtime)(const char* folder, LungrtText* text);
  std::int32_t (*device_count)(std::int32_t cuda);
  LungrtStatus (*device_name)(std::int32_t cuda, std::int32_t index, LungrtText* text);
  /// The set of precisions that it does on a device.
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
