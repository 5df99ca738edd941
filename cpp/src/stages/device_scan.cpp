#include "stages/device_scan.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "backend/registry.h"
#include "core/text.h"
#include "lungrt/error.h"
#include "ops/context.h"
#include "ops/threshold.h"

namespace lungrt {
namespace {

constexpr const char* kInHostMemory =
    "the scan and its masks stayed in host memory and only the networks ran on the device: ";

LungrtCudaNormalization normalization(const InputContract& input) {
  return {input.hu_window[0], input.hu_window[1], input.scale, input.offset};
}

LungrtCudaWindow window_of(const ops::SliceWindow& window) {
  return {window.first_row, window.first_column, window.rows, window.columns};
}

/// Number of leading parts that are consecutive slices with the same windows, which the device
/// processes in one call.
std::size_t alike(std::span<const SlicePart> parts) {
  std::size_t count = 1;
  while (count < parts.size() &&
         parts[count].slice == parts[0].slice + static_cast<std::int64_t>(count) &&
         parts[count].seen == parts[0].seen && parts[count].known == parts[0].known) {
    ++count;
  }
  return count;
}

class DeviceAllocator final : public TensorAllocator {
 public:
  DeviceAllocator(const CudaLibrary& library, int device) : library_(library), device_(device) {}

  std::shared_ptr<float> allocate(std::int64_t count) const override {
    void* memory = nullptr;
    CudaLibrary::call(library_.table().allocate, device_,
                      static_cast<std::size_t>(count) * sizeof(float), &memory);
    return {static_cast<float*>(memory), [release = library_.table().release, device = device_](
                                             float* values) { release(device, values); }};
  }

 private:
  const CudaLibrary& library_;
  int device_;
};

/// Owns a scan handle of the CUDA core; used by one run at a time.
class Handle {
 public:
  Handle(const CudaLibrary& library, int device) : library_(library) {
    CudaLibrary::call(library.table().open_scan, device, &scan_);
  }
  ~Handle() { library_.table().close_scan(scan_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  LungrtCudaScan* get() const { return scan_; }
  const LungrtCudaTable& table() const { return library_.table(); }

 private:
  const CudaLibrary& library_;
  LungrtCudaScan* scan_ = nullptr;
};

class DeviceTensors final : public TensorPlace {
 public:
  DeviceTensors(const Handle& handle, const Device& device,
                std::shared_ptr<const TensorAllocator> allocator)
      : handle_(handle), device_(device), allocator_(std::move(allocator)) {}

  const std::shared_ptr<const TensorAllocator>& allocator() const override { return allocator_; }
  Device device() const override { return device_; }
  void* stream() const override { return handle_.table().stream_of(handle_.get()); }

  void activate(float* values, const TensorShape& shape) override {
    const std::int64_t classes = shape[1];
    CudaLibrary::call(handle_.table().activate, handle_.get(), values, shape.elements() / classes,
                      classes);
  }
  void add(float* sum, const float* values, std::int64_t count) override {
    CudaLibrary::call(handle_.table().add, handle_.get(), sum, values, count);
  }
  void divide(float* values, std::int64_t count, float by) override {
    CudaLibrary::call(handle_.table().divide, handle_.get(), values, by, count);
  }
  const float* on_host(const float* values, std::int64_t count) override {
    host_.resize(static_cast<std::size_t>(count));
    CudaLibrary::call(handle_.table().read, handle_.get(), host_.data(), values,
                      host_.size() * sizeof(float));
    return host_.data();
  }
  void wait() override { CudaLibrary::call(handle_.table().wait, handle_.get()); }

 private:
  const Handle& handle_;
  Device device_;
  std::shared_ptr<const TensorAllocator> allocator_;
  std::vector<float> host_;
};

class DeviceScan final : public PlacedScan {
 public:
  /// \param give_back  returns the handle to the pool when the scan ends
  DeviceScan(const CtVolume& volume, std::unique_ptr<Handle> handle, const Device& device,
             std::shared_ptr<const TensorAllocator> allocator,
             std::function<void(std::unique_ptr<Handle>)> give_back)
      : PlacedScan(volume),
        handle_(std::move(handle)),
        tensors_(*handle_, device, std::move(allocator)),
        give_back_(std::move(give_back)) {}
  ~DeviceScan() override { give_back_(std::move(handle_)); }

  void load(std::int64_t tensor_bytes) {
    const VolumeShape& shape = volume().shape();
    const LungrtCudaShape extent{shape.slices, shape.rows, shape.columns};
    CudaLibrary::call(table().load, handle_->get(), volume().data(), &extent, tensor_bytes);
    tensors_.wait();
  }

  TensorPlace& tensors() override { return tensors_; }

  ops::Cells<std::int32_t> block_sums(const ops::BlockSize& block, int /*threads*/,
                                      const RunControl& control) override {
    ops::Cells<std::int32_t> sums(ops::cells_over(volume().shape(), block));
    const LungrtCudaShape factors{block[0], block[1], block[2]};
    control.step("find lungs", 0, sums.shape().slices);
    CudaLibrary::call(table().block_sums, handle_->get(), &factors, sums.data());
    control.step("find lungs", sums.shape().slices, sums.shape().slices);
    return sums;
  }

  void stack_context(std::span<const SlicePart> parts, const InputContract& input, Layout layout,
                     float* output) override {
    while (!parts.empty()) {
      const std::size_t count = alike(parts);
      const ops::SliceWindow& window = parts[0].seen;
      const ops::PaddedSize padded = ops::padded_size(window.rows, window.columns, input);
      const auto items = static_cast<std::int64_t>(count);
      const LungrtCudaStack stack{parts[0].slice,
                                  items,
                                  window_of(window),
                                  normalization(input),
                                  input.context_slices,
                                  input.halo,
                                  padded.height,
                                  padded.width,
                                  layout == Layout::kNhwc ? 1 : 0};
      CudaLibrary::call(table().stack_context, handle_->get(), &stack, output);
      output += items * (2 * input.context_slices + 1) * padded.height * padded.width;
      parts = parts.subspan(count);
    }
  }

  void threshold(const float* probability, const TensorShape& shape, float threshold,
                 std::span<const SlicePart> parts) override {
    while (!parts.empty()) {
      const std::size_t count = alike(parts);
      const auto items = static_cast<std::int64_t>(count);
      const LungrtCudaProbabilities probabilities{probability + offset_of_known(parts[0], shape[3]),
                                                  shape[3],
                                                  shape[2] * shape[3],
                                                  parts[0].slice,
                                                  items,
                                                  window_of(parts[0].known),
                                                  threshold};
      CudaLibrary::call(table().threshold, handle_->get(), &probabilities);
      probability += items * shape[2] * shape[3];
      parts = parts.subspan(count);
    }
  }

  void gather_crops(const VoxelIndex* origins, std::int64_t count, const InputContract& input,
                    float* output) override {
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < count; ++i) {
      places.insert(places.end(), {origins[i].slice, origins[i].row, origins[i].column});
    }
    const LungrtCudaShape crop{input.crop[0], input.crop[1], input.crop[2]};
    const LungrtCudaNormalization scaled = normalization(input);
    CudaLibrary::call(table().gather_crops, handle_->get(), places.data(), count, &crop, &scaled,
                      output);
  }

  void finish_mask() override {
    std::int64_t voxel = -1;
    CudaLibrary::call(table().first_nan, handle_->get(), &voxel);
    if (voxel < 0) return;
    const VolumeShape& shape = volume().shape();
    const std::int64_t in_slice = voxel % shape.slice_voxels();
    ops::refuse_nan(
        {voxel / shape.slice_voxels(), in_slice / shape.columns, in_slice % shape.columns});
  }

  /// No host memory; the device memory for it was reserved when the scan was placed.
  std::int64_t grouping_bytes() override { return 0; }
  NoduleMask mask() override {
    NoduleMask mask(volume().shape());
    CudaLibrary::call(table().read_mask, handle_->get(), mask.row(0, 0));
    return mask;
  }

  ops::Components eroded_components() override {
    ops::require_exact_moments(volume().shape());
    const LungrtCudaComponent* sums = nullptr;
    std::int64_t count = 0;
    CudaLibrary::call(table().components, handle_->get(), &sums, &count);
    ops::Components result;
    result.components.reserve(static_cast<std::size_t>(count));
    for (const LungrtCudaComponent* sum = sums; sum != sums + count; ++sum) {
      const auto center = [sum](std::int64_t weighted) {
        return static_cast<double>(weighted) / static_cast<double>(sum->weight);
      };
      result.components.push_back(
          {sum->voxels,
           {center(sum->by_slice), center(sum->by_row), center(sum->by_column)},
           {kLungrtCudaFar + sum->low_slice, kLungrtCudaFar + sum->low_row,
            kLungrtCudaFar + sum->low_column},
           {-1 - sum->high_slice, -1 - sum->high_row, -1 - sum->high_column},
           sum->voxels + sum->shell});
      result.voxels += sum->voxels;
    }
    return result;
  }

 private:
  const LungrtCudaTable& table() const { return handle_->table(); }

  std::unique_ptr<Handle> handle_;
  DeviceTensors tensors_;
  std::function<void(std::unique_ptr<Handle>)> give_back_;
};

}  // namespace

struct DeviceScanPool::State {
  State(const CudaLibrary& cuda, const Device& where)
      : library(cuda),
        device(where),
        allocator(std::make_shared<DeviceAllocator>(library, device.index)) {}

  std::unique_ptr<Handle> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Handle>(library, device.index);
    std::unique_ptr<Handle> handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }
  void give_back(std::unique_ptr<Handle> handle) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }

  const CudaLibrary& library;
  Device device;
  std::shared_ptr<const TensorAllocator> allocator;
  std::mutex mutex;
  std::vector<std::unique_ptr<Handle>> idle;
};

DeviceScanPool::DeviceScanPool(const CudaLibrary& library, const Device& device)
    : state_(std::make_unique<State>(library, device)) {
  state_->give_back(
      state_->take());  // fails now, not in the first run, where the device cannot be used
}

DeviceScanPool::~DeviceScanPool() = default;

std::unique_ptr<PlacedScan> DeviceScanPool::place(const CtVolume& volume,
                                                  std::int64_t tensor_bytes) {
  const VolumeShape& shape = volume.shape();
  // As many runs as a mask can have: every second voxel of each row.
  const std::int64_t runs = shape.slices * shape.rows * ((shape.columns + 1) / 2);
  if (std::max(runs, shape.columns) >= std::numeric_limits<std::int32_t>::max()) {
    throw Error(
        ErrorCode::kResourceLimit,
        "a volume of " + text::extent(shape) +
            " voxels (slices x rows x columns) is too large for the CUDA core: its mask would "
            "have up to " +
            text::grouped(runs) + " runs of voxels, expected fewer than " +
            text::grouped(std::numeric_limits<std::int32_t>::max()) +
            "; crop the volume, or use device cpu");
  }
  auto scan =
      std::make_unique<DeviceScan>(volume, state_->take(), state_->device, state_->allocator,
                                   [state = state_.get()](std::unique_ptr<Handle> handle) {
                                     state->give_back(std::move(handle));
                                   });
  scan->load(tensor_bytes);
  return scan;
}

ScanPlaces::ScanPlaces(const Engine& engine, const Device& device, bool device_tensors) {
  if (device.kind != DeviceKind::kCuda) return;
  if (!device_tensors) {
    notes_.push_back(kInHostMemory + ("engine " + engine.name()) +
                     " needs its inputs in host memory");
    return;
  }
  const CudaLibrary* library = nullptr;
  try {
    library = &cuda_library();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kEngineUnavailable) throw;  // installed, but not usable
    notes_.push_back(kInHostMemory + std::string(error.what()));
    return;
  }
  try {
    places_ = std::make_unique<DeviceScanPool>(*library, device);
  } catch (const Error& error) {
    // Networks can run on the device, but not this build of the CUDA core.
    if (error.code() != ErrorCode::kUnsupportedVersion) throw;
    notes_.push_back(kInHostMemory + std::string(error.what()));
  }
}

std::unique_ptr<PlacedScan> ScanPlaces::place(const CtVolume& volume,
                                              std::int64_t tensor_bytes) const {
  return places_ ? places_->place(volume, tensor_bytes) : scan_on_host(volume);
}

}  // namespace lungrt
