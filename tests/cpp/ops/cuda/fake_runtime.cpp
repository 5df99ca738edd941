#include "ops/cuda/fake_runtime.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>

struct CUstream_st {
  std::deque<std::function<void()>> work;
  std::size_t enqueued = 0, done = 0;

  void run_until(std::size_t count) {
    while (done < count) {
      work.front()();
      work.pop_front();
      ++done;
    }
  }
};
struct CUevent_st {
  CUstream_st* stream;
  std::size_t after;
  std::chrono::steady_clock::time_point reached;
};

namespace lungrt::testing {
namespace {

std::set<CUstream_st*>& all_streams() {
  static std::set<CUstream_st*> streams;
  return streams;
}

std::array<char, 64> contexts;  // the address of an element stands for the context of a device
thread_local void* current = nullptr;
thread_local cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;

void make_current(int device) { current = &contexts.at(static_cast<std::size_t>(device)); }

/// What a call returns before it does anything.
cudaError_t begin(const char* function) {
  FakeRuntime& fake = fake_runtime();
  if (fake.lost) return fake.fail_with;
  if (!fake.fail_in.empty() && fake.fail_in != function) return cudaSuccess;
  if (fake.calls++ != fake.fail_at) return cudaSuccess;
  fake.lost = fake.sticky;
  return fake.fail_with;
}

void wait_for_all() {
  for (CUstream_st* stream : all_streams()) stream->run_until(stream->enqueued);
}

bool is_locked(const void* host) {
  const auto* byte = static_cast<const char*>(host);
  for (const auto& [memory, size] : fake_runtime().locked_memory) {
    const auto* first = static_cast<const char*>(memory);
    if (byte >= first && byte < first + size) return true;
  }
  return false;
}

/// Whether all of these bytes belong to one allocation on a device.
bool on_device(const void* memory, std::size_t bytes) {
  const auto* first = static_cast<const char*>(memory);
  for (const auto& [allocated, size] : fake_runtime().device_memory) {
    const auto* begin = static_cast<const char*>(allocated);
    if (first >= begin && first + bytes <= begin + size) return true;
  }
  return false;
}

void note_capture() {
  if (capture_mode != cudaStreamCaptureModeRelaxed) ++fake_runtime().calls_that_break_a_capture;
}

int get_current(void** context) {
  *context = current;
  return 0;
}
int set_current(void* context) {
  current = context;
  return 0;
}

}  // namespace

FakeRuntime& fake_runtime() {
  static FakeRuntime fake;
  return fake;
}

int current_context() {
  return current == nullptr ? -1 : static_cast<int>(static_cast<char*>(current) - contexts.data());
}
void set_current_context(int device) {
  current = nullptr;
  if (device >= 0) make_current(device);
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
  if (const cudaError_t error = begin("cudaLaunchKernel")) return error;
  stream->work.push_back(std::move(work));
  ++stream->enqueued;
  return cudaSuccess;
}

}  // namespace lungrt::testing

using namespace lungrt::testing;  // the functions below have C's names

const char* cudaGetErrorString(cudaError_t) { return "a fault of the fake runtime"; }
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    default:
      return "cudaErrorUnknown";
  }
}
cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = fake_runtime().driver;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  if (fake_runtime().driver < CUDART_VERSION) return cudaErrorInsufficientDriver;
  if (const cudaError_t error = begin("cudaGetDeviceCount")) return error;
  *count = fake_runtime().devices;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  if (const cudaError_t error = begin("cudaDeviceGetAttribute")) return error;
  const bool several = which == cudaDevAttrMultiProcessorCount || which == cudaDevAttrL2CacheSize;
  *value = which == cudaDevAttrComputeCapabilityMajor ? 6 : several ? 2 : 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t error = begin("cudaSetDevice")) return error;
  int& created = fake_runtime().contexts[device];
  if (created == 0) created = 1;
  make_current(device);
  return cudaSuccess;
}
cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                             unsigned long long, cudaDriverEntryPointQueryResult*) {
  *function = nullptr;
  if (std::strcmp(name, "cuCtxGetCurrent") == 0) *function = reinterpret_cast<void*>(&get_current);
  if (std::strcmp(name, "cuCtxSetCurrent") == 0) *function = reinterpret_cast<void*>(&set_current);
  return cudaSuccess;
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, capture_mode);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  if (const cudaError_t error = begin("cudaMemGetInfo")) return error;
  *free = fake_runtime().free_bytes;
  *total = fake_runtime().total_bytes;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  note_capture();
  if (const cudaError_t error = begin("cudaMalloc")) return error;
  if (bytes > fake_runtime().free_bytes) return cudaErrorMemoryAllocation;
  *memory = std::malloc(bytes + 1);
  std::memset(*memory, 0xA5, bytes);
  fake_runtime().device_memory[*memory] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  note_capture();
  wait_for_all();
  fake_runtime().device_memory.erase(memory);  // also where the call fails: the context is gone
  std::free(memory);
  return begin("cudaFree");
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  note_capture();
  if (const cudaError_t error = begin("cudaHostAlloc")) return error;
  *memory = std::malloc(bytes);
  fake_runtime().locked_memory[*memory] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  note_capture();
  wait_for_all();
  fake_runtime().locked_memory.erase(memory);
  std::free(memory);
  return begin("cudaFreeHost");
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t error = begin("cudaStreamCreateWithFlags")) return error;
  *stream = new CUstream_st;
  all_streams().insert(*stream);
  ++fake_runtime().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  stream->run_until(stream->enqueued);
  all_streams().erase(stream);
  delete stream;
  return begin("cudaStreamDestroy");
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t error = begin("cudaStreamSynchronize")) return error;
  stream->run_until(stream->enqueued);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t error = begin("cudaEventCreateWithFlags")) return error;
  *event = new CUevent_st{nullptr, 0, {}};
  ++fake_runtime().events;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  wait_for_all();
  delete event;
  --fake_runtime().events;
  return begin("cudaEventDestroy");
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (const cudaError_t error = begin("cudaEventRecord")) return error;
  stream->work.emplace_back([event] { event->reached = std::chrono::steady_clock::now(); });
  *event = {stream, ++stream->enqueued, {}};
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  if (const cudaError_t error = begin("cudaEventElapsedTime")) return error;
  *milliseconds = std::chrono::duration<float, std::milli>(end->reached - start->reached).count();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t error = begin("cudaEventSynchronize")) return error;
  if (event->stream != nullptr) event->stream->run_until(event->after);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (const cudaError_t error = begin("cudaMemcpyAsync")) return error;
  if ((kind != cudaMemcpyDeviceToHost && !on_device(to, bytes)) ||
      (kind != cudaMemcpyHostToDevice && !on_device(from, bytes))) {
    return cudaErrorInvalidValue;
  }
  if (kind == cudaMemcpyHostToDevice && !is_locked(from)) ++fake_runtime().pageable_uploads;
  if (kind == cudaMemcpyDeviceToHost && !is_locked(to)) {
    // As documented of the real one: it returns when the copy has been made.
    stream->run_until(stream->enqueued);
    std::memcpy(to, from, bytes);
    return cudaSuccess;
  }
  stream->work.emplace_back([=] { std::memcpy(to, from, bytes); });
  ++stream->enqueued;
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = begin("cudaMemsetAsync")) return error;
  if (!on_device(memory, bytes)) return cudaErrorInvalidValue;
  stream->work.emplace_back([=] { std::memset(memory, value, bytes); });
  ++stream->enqueued;
  return cudaSuccess;
}
