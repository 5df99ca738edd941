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
                                    ": this installation does not include the default models; pass "
                                    "your own bundle with --bundle");
  }
  return folder.string();
}

void note_default_models() {
  print(
      "note: these are the default models, which were trained on phantoms only; they are for "
      "demonstration, and their results for a patient are meaningless",
      Style::kYellow);
}

}  // namespace lungrt::cli
