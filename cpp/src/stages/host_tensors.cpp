#include <algorithm>
#include <cmath>
#include <functional>

#include "stages/tensor_place.h"

namespace lungrt {
namespace {

class HostAllocator final : public TensorAllocator {
 public:
  std::shared_ptr<float> allocate(std::int64_t count) const override {
    return {new float[static_cast<std::size_t>(count)]{}, std::default_delete<float[]>()};
  }
};

/// Has no state of its own, so all runs and their streams share one instance.
class HostTensors final : public TensorPlace {
 public:
  const std::shared_ptr<const TensorAllocator>& allocator() const override { return allocator_; }
  Device device() const override { return {}; }
  void* stream() const override { return nullptr; }

  void activate(float* values, const TensorShape& shape) override {
    const std::int64_t items = shape[0];
    const std::int64_t classes = shape[1];
    if (classes == 1) {
      for (std::int64_t i = 0; i < shape.elements(); ++i) {
        values[i] = 1.0F / (1.0F + std::exp(-values[i]));
      }
      return;
    }
    for (std::int64_t item = 0; item < items; ++item) {
      float* row = values + item * classes;
      // A NaN must spoil its whole row: max_element may skip it, but the sum below cannot.
      const float largest = *std::max_element(row, row + classes);
      float sum = 0.0F;
      for (std::int64_t k = 0; k < classes; ++k) sum += row[k] = std::exp(row[k] - largest);
      for (std::int64_t k = 0; k < classes; ++k) row[k] /= sum;
    }
  }

  void add(float* sum, const float* values, std::int64_t count) override {
    std::transform(sum, sum + count, values, sum, std::plus<>());
  }
  void divide(float* values, std::int64_t count, float by) override {
    std::for_each(values, values + count, [by](float& value) { value /= by; });
  }
  const float* on_host(const float* values, std::int64_t) override { return values; }
  void wait() override {}

 private:
  std::shared_ptr<const TensorAllocator> allocator_ = std::make_shared<HostAllocator>();
};

}  // namespace

TensorPlace& host_tensors() {
  static HostTensors place;
  return place;
}

}  // namespace lungrt
