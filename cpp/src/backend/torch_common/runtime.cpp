#include "backend/torch_common/runtime.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <caffe2/core/common.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <new>
#include <stdexcept>
#include <string>

#include "backend/engine_library.h"
#include "backend/torch_common/torch_cuda.h"

namespace lungrt::torch_common {
namespace {

using engine_library::guarded;
using engine_library::tell;

/// Version of the torch in this process, e.g. "2.13.0". Not from at::show_config(), which asks for
/// CUDA (see load_torch_cuda).
std::string running_torch() {
  const auto& options = caffe2::GetBuildOptions();
  const auto found = options.find("TORCH_VERSION");
  return found == options.end() ? "" : found->second;
}

/// Calls `omp_set_num_threads` of the OpenMP runtime that torch uses: torch's wheel contains one
/// under a mangled file name, so linking OpenMP here could find another one. The setting applies to
/// the calling thread only (an OpenMP ICV).
void set_for_this_thread(int threads) {
  using Function = void (*)(int);
  static const Function set_num_threads = [] {
    void* torch = dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD);
    return torch == nullptr ? nullptr
                            : reinterpret_cast<Function>(dlsym(torch, "omp_set_num_threads"));
  }();
  if (set_num_threads != nullptr) {
    set_num_threads(threads);
  } else {
    at::set_num_threads(threads);  // a torch without OpenMP has no other way
  }
}

}  // namespace

LungrtStatus open_runtime(const char*, LungrtText* text) {
  return guarded(kLungrtUnsupportedRuntime, text, [&] {
    const std::string built =
        std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);
    const std::string running = running_torch();
    if (running.rfind(built + ".", 0) != 0) {
      throw std::runtime_error("was built for torch " + built + ", found torch " +
                               (running.empty() ? "of unknown version" : running) +
                               "; install torch " + built + " or build lungrt against this one");
    }
    load_torch_cuda();
    tell(kLungrtOk, "torch " + running, text);
  });
}

ThreadCountScope::ThreadCountScope(int threads)
    : previous_(at::get_num_threads()) {  // also makes ATen initialise this thread's count first
  set_for_this_thread(threads);
}

ThreadCountScope::~ThreadCountScope() { set_for_this_thread(previous_); }

}  // namespace lungrt::torch_common

namespace lungrt::engine_library {

/// Translates torch's exceptions to the statuses of the engine table.
Failure meaning_of_current_exception(LungrtStatus otherwise) {
  try {
    throw;
  } catch (const Failure& e) {
    return e;
  } catch (const c10::OutOfMemoryError& e) {
    return {kLungrtOutOfMemory, e.what_without_backtrace()};
  } catch (const c10::Error& e) {
    return {otherwise, e.what_without_backtrace()};
  } catch (const std::bad_alloc&) {
    return {kLungrtOutOfMemory, "out of memory"};
  } catch (const std::exception& e) {
    return {otherwise, e.what()};
  } catch (...) {
    return {otherwise, "unknown failure"};
  }
}

}  // namespace lungrt::engine_library
