#include "backend/torch_common/run_allocator.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace lungrt::torch_common {
namespace {

thread_local bool cached_here = false;

constexpr std::size_t kSmallest = 64 << 10;  // bytes; smaller tensors cause few page faults
constexpr std::size_t kHugePage = 2 << 20;
/// Idle bytes above which all idle blocks are freed before a new one is allocated, so that scans of
/// many sizes, one after the other, do not add up.
constexpr std::size_t kMostIdle = 512 << 20;

/// Sizes are rounded up so that tensors of nearly equal size share blocks.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = bytes < (1 << 20) ? (4 << 10) : (1 << 20);
  return (bytes + step - 1) / step * step;
}

class CachingAllocator final : public c10::Allocator {
 public:
  static CachingAllocator& instance() {
    // Installed once and never destroyed: other threads' tensors may be freed through it at exit.
    static CachingAllocator* allocator = [] {
      auto* made = new CachingAllocator(c10::GetAllocator(c10::kCPU));
      constexpr std::uint8_t kPriority = 10;  // above torch's own, which was set with 0
      c10::SetAllocator(c10::kCPU, made, kPriority);
      return made;
    }();
    return *allocator;
  }

  c10::DataPtr allocate(std::size_t bytes) override {
    if (!cached_here || bytes < kSmallest) return below_->allocate(bytes);
    const std::size_t size = rounded(bytes);
    void* block = take(size);
    if (block == nullptr) block = make(size);
    return {block, block, &release, c10::Device(c10::kCPU)};
  }

  // Torch uses this to free any pointer that a DataPtr of this device released: ours and others'.
  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void release_idle() {
    std::unordered_map<std::size_t, std::vector<void*>> idle;
    {
      const std::lock_guard lock(mutex_);
      idle.swap(free_);
      idle_bytes_ = 0;
      for (const auto& [size, blocks] : idle) {
        for (void* block : blocks) size_of_.erase(block);
      }
    }
    for (const auto& [size, blocks] : idle) {
      for (void* block : blocks) std::free(block);
    }
  }

  void copy_data(void* destination, const void* source, std::size_t bytes) const override {
    default_copy_data(destination, source, bytes);
  }

 private:
  explicit CachingAllocator(c10::Allocator* below) : below_(below) {}

  void* take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    std::vector<void*>& blocks = free_[size];
    if (blocks.empty()) return nullptr;
    void* block = blocks.back();
    blocks.pop_back();
    idle_bytes_ -= size;
    return block;
  }

  void* make(std::size_t size) {
    if (idle_bytes() > kMostIdle) release_idle();
    const std::size_t alignment = size >= kHugePage ? kHugePage : (4 << 10);
    const std::size_t whole = (size + alignment - 1) / alignment * alignment;
    void* block = std::aligned_alloc(alignment, whole);
    if (block == nullptr) throw std::bad_alloc();
    if (alignment == kHugePage) madvise(block, whole, MADV_HUGEPAGE);
    const std::lock_guard lock(mutex_);
    size_of_[block] = size;
    return block;
  }

  std::size_t idle_bytes() {
    const std::lock_guard lock(mutex_);
    return idle_bytes_;
  }

  static void release(void* pointer) {
    CachingAllocator& self = instance();
    {
      const std::lock_guard lock(self.mutex_);
      if (const auto ours = self.size_of_.find(pointer); ours != self.size_of_.end()) {
        self.free_[ours->second].push_back(pointer);
        self.idle_bytes_ += ours->second;
        return;
      }
    }
    self.below_->raw_deleter()(pointer);
  }

  c10::Allocator* below_;
  std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> free_;  ///< idle blocks by size
  std::size_t idle_bytes_ = 0;
  std::unordered_map<void*, std::size_t> size_of_;
};

}  // namespace

RunAllocatorScope::RunAllocatorScope() : previous_(cached_here) {
  CachingAllocator::instance();
  cached_here = true;
}

RunAllocatorScope::~RunAllocatorScope() { cached_here = previous_; }

IdleMemory::~IdleMemory() { CachingAllocator::instance().release_idle(); }

}  // namespace lungrt::torch_common
