/// Pool of compiled networks that stay loaded when a session ends.
#pragma once

#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <memory>

namespace lungrt::aotinductor {

struct PackagePool;
struct PooledPackage;

/// Package that one session uses exclusively: one that an earlier session has returned, or else the
/// file loaded again.
///
/// The code of a package is never unmapped, even when its loader is destroyed: GCC marks data that
/// templates share as unique symbols, and loading registers destructors of thread-local variables;
/// both keep a library mapped. Without the pool, a pipeline opened a thousand times would map it a
/// thousand times.
class BorrowedPackage {
 public:
  /// \param runners  number of runs at the same time
  /// \throws std::runtime_error, c10::Error where the file is not a package for this torch
  BorrowedPackage(const char* file, int runners);
  ~BorrowedPackage();
  BorrowedPackage(const BorrowedPackage&) = delete;
  BorrowedPackage& operator=(const BorrowedPackage&) = delete;

  torch::inductor::AOTIModelPackageLoader& loader() const;

 private:
  std::shared_ptr<PackagePool>
      pool_;  ///< a static pipeline may be destroyed after this library's statics
  PooledPackage& package_;
};

}  // namespace lungrt::aotinductor
