#include "backend/cuda_library.h"

namespace lungrt {

CudaLibrary::CudaLibrary(const std::filesystem::path& library)
    : table_(
          open_table<LungrtCudaTable>({"CUDA core (" + library.string() + "): ", "CUDA core", "a",
                                       "an NVIDIA driver", "lungrt_cuda_table", LUNGRT_CUDA_ABI},
                                      library)) {}

std::string CudaLibrary::version() const {
  LibraryText text;
  table_.version(text.out());
  return text.string();
}

}  // namespace lungrt
