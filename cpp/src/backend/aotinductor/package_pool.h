/// Compiled networks that stay loaded from one session to the next.
#pragma once

#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <memory>

namespace lungrt::aotinductor {

struct PackagePool;
struct PooledPackage;

/// A package for one session alone: one that another session has put back, or the file loaded anew.
///
/// Code of a package never leaves the process, whether its loader is destroyed or not: GCC marks
/// what templates share as unique, and loading registers destructors of thread-local variables.
/// Either keeps it mapped, so a pipeline opened a thousand times would map it a thousand times.
class BorrowedPackage {
 public:
  /// \param runners  Runs at once.
  /// \throws std::runtime_error, c10::Error where the file is no package for this torch
  BorrowedPackage(const char* file, int runners);
  ~BorrowedPackage();
  BorrowedPackage(const BorrowedPackage&) = delete;
  BorrowedPackage& operator=(const BorrowedPackage&) = delete;

  torch::inductor::AOTIModelPackageLoader& loader() const;

 private:
  std::shared_ptr<PackagePool> pool_;  ///< a program's static pipeline may end after this library
  PooledPackage& package_;
};

}  // namespace lungrt::aotinductor
