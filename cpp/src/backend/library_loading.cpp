#include "backend/library_loading.h"

#include <dlfcn.h>

#include "lungrt/version.h"

namespace lungrt {

ErrorCode code_of(LungrtStatus status) {
  switch (status) {
    case kLungrtBadArtifact:
      return ErrorCode::kBadBundle;
    case kLungrtDeviceUnavailable:
      return ErrorCode::kDeviceUnavailable;
    case kLungrtOutOfMemory:
      return ErrorCode::kOutOfMemory;
    case kLungrtUnsupportedRuntime:
      return ErrorCode::kUnsupportedVersion;
    case kLungrtRuntimeMissing:
      return ErrorCode::kEngineUnavailable;
    case kLungrtInvalidOption:
      return ErrorCode::kInvalidArgument;
    case kLungrtOk:
    case kLungrtInference:
      break;
  }
  return ErrorCode::kInference;
}

const void* open_library_table(const LibraryKind& kind, const std::filesystem::path& library) {
  // RTLD_LOCAL, so that the library's runtime does not clash with another copy of itself. Never
  // unloaded, because runtimes leave threads and thread-local destructors behind.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    throw Error(ErrorCode::kEngineUnavailable,
                kind.where + "cannot be loaded. It needs " + kind.needs +
                    " in the version that it was built for; the loader reports: " + dlerror());
  }
  using Function = const void* (*)();
  auto* function = reinterpret_cast<Function>(dlsym(handle, kind.table_symbol));
  if (function == nullptr) {
    throw Error(ErrorCode::kEngineUnavailable,
                kind.where + "is not " + kind.article + " " + kind.noun + " library of lungrt");
  }
  return function();
}

void check_library_version(const LibraryKind& kind, std::uint32_t abi, const char* core_version) {
  if (abi != kind.abi) {
    throw Error(ErrorCode::kUnsupportedVersion,
                kind.where + "was built for " + kind.noun + " ABI " + std::to_string(abi) +
                    ", but this core has ABI " + std::to_string(kind.abi) +
                    "; install the core and the " + kind.noun + " from the same release");
  }
  if (std::string(core_version) != LUNGRT_VERSION) {
    throw Error(ErrorCode::kUnsupportedVersion, kind.where + "belongs to lungrt " + core_version +
                                                    ", but this core is version " + LUNGRT_VERSION +
                                                    "; install the core and the " + kind.noun +
                                                    " from the same release");
  }
}

}  // namespace lungrt
