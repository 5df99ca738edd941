#include "default_bundle.h"

#include <lungrt/error.h>

#include <filesystem>
#include <system_error>

#include "console.h"

namespace lungrt::cli {

namespace fs = std::filesystem;

std::string default_bundle() {
  std::error_code unreadable;
  const fs::path program = fs::read_symlink("/proc/self/exe", unreadable);
  const fs::path folder = (program.parent_path() / LUNGRT_DEFAULT_BUNDLE).lexically_normal();
  if (!fs::is_regular_file(folder / "manifest.json", unreadable)) {
    throw Error(ErrorCode::kIo, folder.string() +
                                    ": the default models are not in this installation; name a "
                                    "bundle of your own with --bundle");
  }
  return folder.string();
}

void note_default_models() {
  print(
      "note: default models, trained on phantoms alone: for demonstration, what they say of a "
      "patient means nothing",
      Style::kYellow);
}

}  // namespace lungrt::cli
