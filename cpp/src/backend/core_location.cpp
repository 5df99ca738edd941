#include "backend/core_location.h"

#include <dlfcn.h>
#include <link.h>

#include <system_error>

namespace lungrt {

std::filesystem::path core_location() {
  Dl_info info{};
  link_map* map = nullptr;
  const auto* here = reinterpret_cast<const void*>(&core_location);
  const int found = dladdr1(here, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  // The loader knows a program by the name it was started with: a bare name, or a path relative to
  // a folder that the process may have left. Engines must never be searched for in the current
  // folder by accident.
  const bool program = found == 0 || map == nullptr || map->l_name[0] == '\0';
  if (!program) return info.dli_fname;
  std::error_code unreadable;
  return std::filesystem::read_symlink("/proc/self/exe", unreadable);
}

}  // namespace lungrt
