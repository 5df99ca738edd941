/// Functions of the CUDA core's table for a machine: a device in the library, host memory in tests.
#pragma once

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "lungrt/version.h"
#include "ops/cuda/library_table.h"
#include "ops/cuda/placed_volume.h"

namespace lungrt::ops::cuda {

/// Runs `body` and turns every exception into a status: none may cross the table.
template <typename Body>
LungrtStatus guarded(LungrtText* text, Body&& body) noexcept {
  const auto tell = [&](LungrtStatus status, const char* message) {
    std::snprintf(text->data, text->capacity, "%s", message);
    return status;
  };
  try {
    body();
    return kLungrtOk;
  } catch (const Failure& failure) {
    return tell(failure.status(), failure.what());
  } catch (const std::bad_alloc&) {
    return tell(kLungrtOutOfMemory, "out of host memory");
  } catch (const std::exception& error) {
    return tell(kLungrtInference, error.what());
  } catch (...) {
    return tell(kLungrtInference, "unknown failure");
  }
}

/// Runs `body` on a scan, with its device as the current one.
template <typename Machine, typename Body>
LungrtStatus on_scan(LungrtCudaScan* scan, LungrtText* error, Body&& body) noexcept {
  return guarded(error, [&] {
    auto& own = static_cast<PlacedVolume<Machine>&>(*scan);
    const typename Machine::Scope scope(own.machine().index());
    body(own);
  });
}

/// Runs `body`, which must not throw, on a device, or, where the device was lost, without it: host
/// memory must be freed there, too, and calls of CUDA merely fail.
template <typename Machine, typename Body>
void on_device_or_not(std::int32_t index, Body&& body) noexcept {
  try {
    const typename Machine::Scope scope(index);
    body();
    return;
  } catch (const Failure&) {
  }
  body();
}

template <typename Machine>
void require_device(std::int32_t index) {
  const Devices devices = Machine::devices();
  if (index >= 0 && index < devices.count) return;
  throw Failure(devices.count == 0 ? devices.why_none : kLungrtDeviceUnavailable,
                "device cuda:" + std::to_string(index) + " was requested, but there are " +
                    std::to_string(devices.count) +
                    (devices.reason.empty() ? "" : ": " + devices.reason));
}

template <typename Machine>
constexpr LungrtCudaTable table_of() {
  using Own = PlacedVolume<Machine>;
  return {
      .abi = LUNGRT_CUDA_ABI,
      .core_version = LUNGRT_VERSION,
      .version =
          [](LungrtText* text) {
            std::snprintf(text->data, text->capacity, "%s", Machine::version().c_str());
          },
      .device_count = [](LungrtText* text) -> std::int32_t {
        const Devices devices = Machine::devices();
        std::snprintf(text->data, text->capacity, "%s", devices.reason.c_str());
        return devices.count;
      },
      .open_scan =
          [](std::int32_t index, LungrtCudaScan** scan, LungrtText* error) {
            return guarded(error, [&] {
              require_device<Machine>(index);
              const typename Machine::Scope scope(index);
              *scan = new Own(index);
            });
          },
      .close_scan =
          [](LungrtCudaScan* scan) {
            on_device_or_not<Machine>(static_cast<Own&>(*scan).machine().index(),
                                      [scan] { delete scan; });
          },
      .stream_of = [](LungrtCudaScan* scan) { return static_cast<Own&>(*scan).machine().stream(); },
      .allocate =
          [](std::int32_t index, std::size_t bytes, void** memory, LungrtText* error) {
            return guarded(error, [&] {
              const typename Machine::Scope scope(index);
              *memory = Machine::allocate_zeros(index, bytes);
            });
          },
      .release =
          [](std::int32_t index, void* memory) {
            on_device_or_not<Machine>(index, [memory] { Machine::release(memory); });
          },
      .load =
          [](LungrtCudaScan* scan, const std::int16_t* hu, const LungrtCudaShape* shape,
             std::int64_t tensor_bytes, LungrtText* error) {
            return on_scan<Machine>(scan, error,
                                    [&](Own& own) { own.load(hu, *shape, tensor_bytes); });
          },
      .stack_context =
          [](LungrtCudaScan* scan, const LungrtCudaStack* stack, float* output, LungrtText* error) {
            return on_scan<Machine>(scan, error,
                                    [&](Own& own) { own.stack_context(*stack, output); });
          },
      .threshold =
          [](LungrtCudaScan* scan, const LungrtCudaProbabilities* probabilities,
             LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { own.threshold(*probabilities); });
          },
      .gather_crops =
          [](LungrtCudaScan* scan, const std::int64_t* origins, std::int64_t count,
             const LungrtCudaShape* crop, const LungrtCudaNormalization* normalization,
             float* output, LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) {
              own.gather_crops(origins, count, *crop, *normalization, output);
            });
          },
      .activate =
          [](LungrtCudaScan* scan, float* values, std::int64_t rows, std::int64_t classes,
             LungrtText* error) {
            return on_scan<Machine>(scan, error,
                                    [&](Own& own) { own.activate(values, rows, classes); });
          },
      .add =
          [](LungrtCudaScan* scan, float* sum, const float* values, std::int64_t count,
             LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { own.add(sum, values, count); });
          },
      .divide =
          [](LungrtCudaScan* scan, float* values, float by, std::int64_t count, LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { own.divide(values, by, count); });
          },
      .read =
          [](LungrtCudaScan* scan, void* host, const void* memory, std::size_t bytes,
             LungrtText* error) {
            return on_scan<Machine>(scan, error,
                                    [&](Own& own) { own.machine().download(host, memory, bytes); });
          },
      .wait =
          [](LungrtCudaScan* scan, LungrtText* error) {
            return on_scan<Machine>(scan, error, [](Own& own) { own.machine().wait(); });
          },
      .first_nan =
          [](LungrtCudaScan* scan, std::int64_t* voxel, LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { *voxel = own.first_nan(); });
          },
      .read_mask =
          [](LungrtCudaScan* scan, std::uint64_t* words, LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { own.read_mask(words); });
          },
      .components =
          [](LungrtCudaScan* scan, const LungrtCudaComponent** components, std::int64_t* count,
             LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) {
              const auto& found = own.components();
              *components = found.data();
              *count = static_cast<std::int64_t>(found.size());
            });
          },
      .block_sums =
          [](LungrtCudaScan* scan, const LungrtCudaShape* factors, std::int32_t* sums,
             LungrtText* error) {
            return on_scan<Machine>(scan, error, [&](Own& own) { own.block_sums(*factors, sums); });
          },
  };
}

/// The table of a machine.
template <typename Machine>
inline constexpr LungrtCudaTable kTableOf = table_of<Machine>();

}  // namespace lungrt::ops::cuda
