/// The CUDA core: a separate library, opened at run time, so that the core itself does not need
/// CUDA.
#pragma once

#include <filesystem>
#include <string>

#include "backend/library_loading.h"
#include "ops/cuda/library_table.h"

namespace lungrt {

class CudaLibrary {
 public:
  /// \throws Error kEngineUnavailable  where it cannot be opened or is not lungrt's CUDA core
  /// \throws Error kUnsupportedVersion where it was built for another ABI or core
  explicit CudaLibrary(const std::filesystem::path& library)
      : table_(
            open_table<LungrtCudaTable>({"CUDA core (" + library.string() + "): ", "CUDA core", "a",
                                         "an NVIDIA driver", "lungrt_cuda_table", LUNGRT_CUDA_ABI},
                                        library)) {}

  /// A table that is part of this program.
  explicit CudaLibrary(const LungrtCudaTable& table) : table_(table) {}

  const LungrtCudaTable& table() const { return table_; }
  /// Version of the CUDA runtime in it, e.g. "CUDA 13.0".
  std::string version() const {
    LibraryText text;
    table_.version(text.out());
    return text.string();
  }

  /// Calls a function of the table that can fail: `call(table().name, arguments...)`.
  /// \throws Error with the library's message
  template <typename... Parameters, typename... Arguments>
  static void call(LungrtStatus (*function)(Parameters...), Arguments... arguments) {
    LibraryText error;
    const LungrtStatus status = function(arguments..., error.out());
    if (status != kLungrtOk) throw Error(code_of(status), "CUDA core: " + error.string());
  }

 private:
  const LungrtCudaTable& table_;
};

}  // namespace lungrt
