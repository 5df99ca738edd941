/// Replays every committed input of the fuzzer in the ordinary tests, so that defects stay fixed
/// and targets keep working.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "targets.h"

namespace lungrt::fuzz {
namespace {

namespace fs = std::filesystem;

struct Named {
  const char* name;
  Target target;
};

constexpr Named kTargets[] = {{"c_api", c_api},
                              {"compiled_record", compiled_record},
                              {"components", components},
                              {"dicom", dicom},
                              {"image", image},
                              {"manifest", manifest},
                              {"safetensors", safetensors},
                              {"series", series},
                              {"volume", volume}};

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class FuzzCorpus : public ::testing::TestWithParam<Named> {
 protected:
  fs::path folder() const { return fs::path(LUNGRT_FUZZ_CORPUS) / GetParam().name; }
  void replay(std::string_view input, const std::string& what) const {
    SCOPED_TRACE(what);
    EXPECT_NO_THROW(GetParam().target(input));
  }
};

TEST_P(FuzzCorpus, EveryInputIsTakenOrRefused) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder())) {
    replay(content(entry.path()), entry.path().filename().string());
    ++files;
  }
  EXPECT_GE(files, 2) << folder();
}

TEST_P(FuzzCorpus, InputsThatWereCutOffAreToo) {
  constexpr std::size_t kParts = 4;
  replay("", "nothing");
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string whole = content(entry.path());
    for (std::size_t part = 1; part < kParts; ++part) {
      replay(std::string_view(whole).substr(0, whole.size() * part / kParts),
             entry.path().filename().string() + ", part " + std::to_string(part));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, ::testing::ValuesIn(kTargets),
                         [](const auto& named) { return std::string(named.param.name); });

TEST(FuzzCorpora, EveryFolderHasATarget) {
  std::set<std::string> folders, targets;
  for (const auto& entry : fs::directory_iterator(LUNGRT_FUZZ_CORPUS)) {
    folders.insert(entry.path().filename().string());
  }
  for (const Named& named : kTargets) targets.insert(named.name);
  EXPECT_EQ(folders, targets);
}

}  // namespace
}  // namespace lungrt::fuzz
