// Whether an engine on LibTorch finds CUDA in a process that has not imported torch, with stand-ins
// for the driver and for torch's CUDA library.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "backend/engine_table.h"
#include "temp_folder.h"

namespace {

namespace fs = std::filesystem;
using lungrt::testing::TempFolder;

/// In place of a library: a file that cannot be loaded.
constexpr const char* kBroken = "broken";

/// What a machine has besides torch.
struct Machine {
  bool driver = true;
  std::string torch_cuda = FAKE_TORCH_CUDA;  ///< file that is its libtorch_cuda.so; empty: none
  std::string engine = TORCHSCRIPT_ENGINE;   ///< engine library that is opened first
  bool asked_before = false;                 ///< whether the process had asked torch for CUDA
};

void* load(const fs::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::_Exit(2);
  }
  return handle;
}

const LungrtEngineTable& table_of(const std::string& library) {
  const auto function =
      reinterpret_cast<LungrtEngineTableFunction>(dlsym(load(library), "lungrt_engine_table"));
  return *function();
}

/// Writes what the TorchScript engine says of CUDA. Called in a process of its own.
[[noreturn]] void tell_what_is_found(const fs::path& folder, const Machine& machine) {
  for (const auto& file : fs::directory_iterator(TORCH_LIBRARIES)) {
    fs::create_symlink(file.path(), folder / file.path().filename());
  }
  const fs::path torch_cuda = folder / "libtorch_cuda.so";
  if (!machine.torch_cuda.empty()) fs::remove(torch_cuda);  // where the installed torch has CUDA
  if (machine.torch_cuda == kBroken) {
    std::ofstream(torch_cuda) << "no library";
  } else if (!machine.torch_cuda.empty()) {
    fs::create_symlink(machine.torch_cuda, torch_cuda);
  }
  if (machine.driver) load(FAKE_DRIVER);
  void* torch = load(folder / "libtorch_cpu.so");
  if (machine.asked_before) {
    const auto ask = reinterpret_cast<const void* (*)()>(
        dlsym(torch, "_ZN2at6detail12getCUDAHooksEv"));  // returns a reference, i.e. an address
    ask();
  }
  std::array<char, 2000> words{};
  LungrtText text{words.data(), words.size()};
  if (table_of(machine.engine).open_runtime("", &text) != kLungrtOk) {
    std::fprintf(stderr, "%s\n", words.data());
    std::_Exit(3);
  }
  const LungrtEngineTable& engine = table_of(TORCHSCRIPT_ENGINE);
  std::fprintf(stderr, "%s, %d devices, ", words.data(), engine.device_count(1));
  const LungrtStatus status = engine.device_name(1, 1, &text);
  std::fprintf(stderr, "status %d: %s\n", status, words.data());
  std::_Exit(0);
}

/// The processes are forks of one that has not loaded torch.
void expect_found(const Machine& machine, const std::string& words) {
  const TempFolder folder;
  EXPECT_EXIT(tell_what_is_found(folder.path(), machine), ::testing::ExitedWithCode(0), words);
}

TEST(TorchCuda, IsLoadedBeforeAnythingAsksForIt) {
  expect_found({}, "torch 2\\.[0-9]+\\..*, 2 devices, status 0: Imagined GPU 1");
}

// The other engine on torch never uses CUDA, but must not spoil it for this one.
TEST(TorchCuda, IsFoundAlsoWhereTheOtherEngineWasOpenedFirst) {
  expect_found({.engine = AOTINDUCTOR_ENGINE}, "2 devices, status 0: Imagined GPU 1");
}

TEST(TorchCuda, IsNotLoadedWithoutADriver) {
  expect_found({.driver = false, .torch_cuda = kBroken},  // nobody tries to load it
               "0 devices, status 2: this torch finds 0 CUDA devices: the NVIDIA driver "
               "\\(libcuda.so.1\\) is not installed or finds no device");
}

TEST(TorchCuda, SaysThatTorchHasNone) {
  if (fs::exists(fs::path(TORCH_LIBRARIES) / "libtorch_cuda.so")) {
    GTEST_SKIP() << "the installed torch was built with CUDA";
  }
  expect_found({.torch_cuda = ""},
               "0 devices, status 2: .*was built without CUDA \\(.*/libtorch_cu"
               "da.so does not exist\\); install a torch with CUDA");
}

TEST(TorchCuda, SaysWhyItsLibraryCannotBeLoaded) {
  expect_found({.torch_cuda = kBroken},
               "0 devices, status 2: .*CUDA library cannot be loaded: .*libtorch_cuda.so.*");
}

TEST(TorchCuda, SaysThatTorchFindsNoDevice) {
  expect_found({.torch_cuda = FAKE_TORCH_WITHOUT_DEVICES},
               "0 devices, status 2: .*torch finds no device, though the driver has 2; the driver "
               "may be too old");
}

TEST(TorchCuda, SaysThatTheProcessHadAskedTooEarly) {
  expect_found({.asked_before = true},
               "0 devices, status 2: .*had used torch before its CUDA library was loaded");
}

}  // namespace
