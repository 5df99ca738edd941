#include "backend/aotinductor/package_pool.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

namespace lungrt::aotinductor {

/// Identifies a file by path, device, inode, size and time: a file that was compiled again is
/// another package.
using PackageKey = std::tuple<std::string, dev_t, ino_t, off_t, time_t, long, int>;

struct PooledPackage {
  PooledPackage(PackageKey of, const char* file, int runners)
      : key(std::move(of)),
        loader(file, "model", /*run_single_threaded=*/false, static_cast<std::size_t>(runners)) {}

  PackageKey key;
  torch::inductor::AOTIModelPackageLoader loader;
  bool lent = true;
};

struct PackagePool {
  std::mutex mutex;
  std::list<PooledPackage> packages;
};

namespace {

/// Lives until the process ends, when the folders that torch unpacked packages into are removed,
/// too.
const std::shared_ptr<PackagePool>& pool() {
  static const auto instance = std::make_shared<PackagePool>();
  return instance;
}

PackageKey key_of(const char* file, int runners) {
  struct stat found = {};
  if (stat(file, &found) != 0) throw std::system_error(errno, std::generic_category(), file);
  return {file,          found.st_dev,         found.st_ino,
          found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec,
          runners};
}

PooledPackage& borrow(PackagePool& pool, const char* file, int runners) {
  const PackageKey key = key_of(file, runners);
  auto& [mutex, packages] = pool;
  {
    const std::lock_guard lock(mutex);
    const auto idle = std::find_if(
        packages.begin(), packages.end(),
        [&](const PooledPackage& package) { return !package.lent && package.key == key; });
    if (idle != packages.end()) {
      idle->lent = true;
      return *idle;
    }
  }
  std::list<PooledPackage> loaded;  // filled without the lock, since loading takes a while
  loaded.emplace_back(key, file, runners);
  const std::lock_guard lock(mutex);
  packages.splice(packages.end(), loaded);
  return packages.back();
}

}  // namespace

BorrowedPackage::BorrowedPackage(const char* file, int runners)
    : pool_(pool()), package_(borrow(*pool_, file, runners)) {}

BorrowedPackage::~BorrowedPackage() {
  const std::lock_guard lock(pool_->mutex);
  package_.lent = false;
}

torch::inductor::AOTIModelPackageLoader& BorrowedPackage::loader() const { return package_.loader; }

}  // namespace lungrt::aotinductor
