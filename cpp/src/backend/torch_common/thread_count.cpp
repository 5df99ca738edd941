#include "backend/torch_common/thread_count.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace lungrt::torch_common {
namespace {

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

ThreadCountScope::ThreadCountScope(int threads)
    : previous_(at::get_num_threads()) {  // also makes ATen initialise this thread's count first
  set_for_this_thread(threads);
}

ThreadCountScope::~ThreadCountScope() { set_for_this_thread(previous_); }

}  // namespace lungrt::torch_common
