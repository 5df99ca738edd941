#include "engine_settings.h"

#include <lungrt/engines.h>
#include <lungrt/error.h>

namespace lungrt::cli {

void add_engine_runtimes(CLI::App& command, std::vector<std::string>& runtimes) {
  command
      .add_option("--engine-runtime", runtimes,
                  "Folder with the runtime libraries of an engine (libtorch_cpu.so, "
                  "libonnxruntime.so), if the system does not find them; may be repeated.")
      ->type_name("NAME=FOLDER")
      ->expected(1)
      ->take_all();
}

void locate_runtimes(const std::vector<std::string>& runtimes) {
  for (const auto& [engine, folder] : named_values("--engine-runtime", runtimes)) {
    set_engine_runtime_folder(engine, folder);
  }
}

std::map<std::string, std::string> named_values(const char* option,
                                                const std::vector<std::string>& given,
                                                std::map<std::string, std::string> known) {
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(ErrorCode::kInvalidArgument,
                  std::string(option) + " " + text + ": expected NAME=VALUE");
    }
    const std::string name = text.substr(0, equals);
    if (!known.emplace(name, text.substr(equals + 1)).second) {
      throw Error(ErrorCode::kInvalidArgument, std::string(option) + " " + name + ": given twice");
    }
  }
  return known;
}

}  // namespace lungrt::cli
