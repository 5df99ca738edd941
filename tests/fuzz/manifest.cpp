#include "core/bundle/manifest.h"

#include <string>

#include "check.h"
#include "targets.h"

namespace lungrt::fuzz {

void manifest(std::string_view input) {
  accepts({ErrorCode::kBadBundle}, [&] { files_listed_in(std::string(input), "manifest.json"); });
  accepts({ErrorCode::kBadBundle, ErrorCode::kUnsupportedVersion}, [&] {
    const auto stages = parse_manifest(std::string(input), "manifest.json");
    check(!stages.empty(), "a manifest without stages was taken");
    for (const auto& [kind, stage] : stages) {
      check(stage.kind == kind && !stage.networks.empty(), "a stage without networks was taken");
      check(stage.threshold >= 0 && stage.threshold <= 1, "a threshold that is no probability");
      for (const BundleNetwork& network : stage.networks) {
        for (const auto& [format, file] : network.artifacts) {
          check(file.file.front() != '/' && file.file.find("..") != 0, "a path out of the bundle");
        }
      }
    }
  });
}

}  // namespace lungrt::fuzz
