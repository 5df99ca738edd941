/// Runs kernels on the host, phase by phase, as a device may run them: with blocks and threads in
/// any order, or with real threads to find races.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace lungrt::testing {

/// Parameters of a grid.
struct HostGrid {
  int threads = 32;     ///< threads per block
  int most_blocks = 7;  ///< most blocks of the grid
  unsigned seed = 1;    ///< seed of the order of blocks and threads
  bool real = false;    ///< run each thread of every block as a real thread, all at once
};

/// Functions that both kinds of blocks have.
class HostArithmetic {
 public:
  template <typename T>
  static T atomic_add(T* value, T more) {
    return __atomic_fetch_add(value, more, __ATOMIC_RELAXED);
  }
  template <typename T>
  static T atomic_min(T* value, T other) {
    T seen = __atomic_load_n(value, __ATOMIC_RELAXED);
    while (other < seen && !__atomic_compare_exchange_n(value, &seen, other, true, __ATOMIC_RELAXED,
                                                        __ATOMIC_RELAXED)) {
    }
    return seen;
  }
  template <typename T>
  static T load(const T* value) {
    return __atomic_load_n(value, __ATOMIC_RELAXED);
  }
  static float multiply_add(float a, float b, float c) { return a * b + c; }  // no contraction
  static float exp(float value) { return std::exp(value); }
};

/// Shared memory, initially filled with a pattern, as it is uninitialised on a device.
template <typename Kernel>
class HostShared {
 public:
  HostShared() { std::memset(&memory_, 0xA5, sizeof memory_); }
  typename Kernel::Shared& get() { return memory_; }

 private:
  typename Kernel::Shared memory_;
};

struct NoShared {};
template <typename Kernel>
  requires(!requires { typename Kernel::Shared; })
class HostShared<Kernel> {
 public:
  NoShared& get() { return none_; }

 private:
  NoShared none_;
};

/// Block whose threads are run by a single thread, phase after phase, in changing order.
template <typename Kernel>
class SequentialBlock : public HostArithmetic {
 public:
  SequentialBlock(int index, int blocks, const HostGrid& grid, std::mt19937& random)
      : index_(index),
        blocks_(blocks),
        order_(static_cast<std::size_t>(grid.threads)),
        random_(random) {
    std::iota(order_.begin(), order_.end(), 0);
  }
  std::int64_t index() const { return index_; }
  std::int64_t blocks() const { return blocks_; }
  int threads() const { return static_cast<int>(order_.size()); }
  template <typename Other>
  auto& shared() {
    static_assert(std::is_same_v<Other, Kernel>);
    return shared_.get();
  }
  template <typename Function>
  void each_thread(const Function& function) {
    std::shuffle(order_.begin(), order_.end(), random_);
    for (const int thread : order_) function(thread);
  }
  template <typename Function>
  void each_item(std::int64_t count, const Function& function) {
    each_thread([&](int thread) {
      const std::int64_t step = std::int64_t{blocks_} * threads();
      for (std::int64_t i = std::int64_t{index_} * threads() + thread; i < count; i += step) {
        function(i);
      }
    });
  }

 private:
  int index_, blocks_;
  std::vector<int> order_;
  std::mt19937& random_;
  HostShared<Kernel> shared_;
};

/// One thread of a block with real threads. It yields between reads and the writes that depend on
/// them, where threads can interfere.
template <typename Kernel>
class RealThread : public HostArithmetic {
 public:
  RealThread(int index, int blocks, int thread, int threads, HostShared<Kernel>& shared,
             pthread_barrier_t& barrier)
      : index_(index),
        blocks_(blocks),
        thread_(thread),
        threads_(threads),
        shared_(shared),
        barrier_(barrier) {}
  std::int64_t index() const { return index_; }
  std::int64_t blocks() const { return blocks_; }
  int threads() const { return threads_; }
  template <typename T>
  T load(const T* value) {
    const T seen = HostArithmetic::load(value);
    if (++reads_ % 3 == 0) sched_yield();
    return seen;
  }
  template <typename Other>
  auto& shared() {
    return shared_.get();
  }
  template <typename Function>
  void each_thread(const Function& function) {
    function(thread_);
    pthread_barrier_wait(&barrier_);
  }
  template <typename Function>
  void each_item(std::int64_t count, const Function& function) {
    const std::int64_t step = std::int64_t{blocks_} * threads_;
    for (std::int64_t i = std::int64_t{index_} * threads_ + thread_; i < count; i += step) {
      function(i);
    }
  }

 private:
  int index_, blocks_, thread_, threads_;
  unsigned reads_ = 0;
  HostShared<Kernel>& shared_;
  pthread_barrier_t& barrier_;
};

/// Machine in host memory, for ops::cuda::Labelling and the CUDA core.
class HostMachine {
 public:
  explicit HostMachine(HostGrid grid = {}) : grid_(grid), random_(grid.seed) {}

  template <typename Kernel>
  void launch(std::int64_t wanted, const Kernel& kernel) {
    const int blocks = static_cast<int>(std::clamp<std::int64_t>(wanted, 1, grid_.most_blocks));
    if (grid_.real) {
      launch_real(blocks, kernel);
      return;
    }
    std::vector<int> order(static_cast<std::size_t>(blocks));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random_);
    for (const int index : order) {
      SequentialBlock<Kernel> block(index, blocks, grid_, random_);
      kernel(block);
    }
  }

  void* allocate(std::size_t bytes) {
    void* memory = std::malloc(std::max<std::size_t>(bytes, 1));
    std::memset(memory, 0xA5, bytes);
    return memory;
  }
  void release(void* memory) { std::free(memory); }
  void clear(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }
  void download(void* host, const void* memory, std::size_t bytes) {
    std::memcpy(host, memory, bytes);
  }
  void upload(void* memory, const void* host, std::size_t bytes) {
    std::memcpy(memory, host, bytes);
  }

 private:
  template <typename Kernel>
  void launch_real(int blocks, const Kernel& kernel) {
    std::vector<HostShared<Kernel>> shared(static_cast<std::size_t>(blocks));
    std::vector<pthread_barrier_t> barriers(static_cast<std::size_t>(blocks));
    for (auto& barrier : barriers) {
      pthread_barrier_init(&barrier, nullptr, static_cast<unsigned>(grid_.threads));
    }
    {
      std::vector<std::jthread> all;
      for (int index = 0; index < blocks; ++index) {
        const auto b = static_cast<std::size_t>(index);
        for (int thread = 0; thread < grid_.threads; ++thread) {
          all.emplace_back([&, b, index, thread] {
            RealThread<Kernel> block(index, blocks, thread, grid_.threads, shared[b], barriers[b]);
            kernel(block);
          });
        }
      }
    }  // joins
    for (auto& barrier : barriers) pthread_barrier_destroy(&barrier);
  }

  HostGrid grid_;
  std::mt19937 random_;
};

}  // namespace lungrt::testing
