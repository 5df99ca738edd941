#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/output_file.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;
namespace fs = std::filesystem;

class OutputFileTest : public ::testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "report.json").string(); }
  static std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_.path())) ++count;
    return count;
  }

  TempFolder folder_;
};

TEST_F(OutputFileTest, AppearsWhenItIsComplete) {
  folder_.write("report.json", "old");
  OutputFile file(path());
  file.write("ne");
  file.write("w");
  EXPECT_EQ(content(path()), "old");
  file.commit();
  EXPECT_EQ(content(path()), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFileTest, HasThePermissionsOfAnyOtherFile) {
  const mode_t before = ::umask(027);
  const fs::path other = folder_.write("other", "");
  OutputFile file(path());
  file.commit();
  ::umask(before);
  EXPECT_EQ(fs::status(path()).permissions(), fs::status(other).permissions());
}

TEST_F(OutputFileTest, LeavesNothingUnlessCommitted) {
  {
    OutputFile file(path());
    file.write("half");
  }
  EXPECT_EQ(files(), 0);
}

TEST_F(OutputFileTest, FollowsALink) {
  const fs::path target = folder_.write("elsewhere/target.json", "old");
  fs::create_symlink(target, path());
  OutputFile file(path());
  file.write("new");
  file.commit();
  EXPECT_TRUE(fs::is_symlink(path()));
  EXPECT_EQ(content(target), "new");
}

TEST_F(OutputFileTest, FollowsLinksToANewFile) {
  fs::create_directories(folder_.path() / "elsewhere");
  fs::create_symlink("elsewhere/link", path());
  fs::create_symlink("target.json", folder_.path() / "elsewhere" / "link");
  OutputFile file(path());
  file.write("new");
  file.commit();
  EXPECT_TRUE(fs::is_symlink(path()));
  EXPECT_TRUE(fs::is_symlink(folder_.path() / "elsewhere" / "link"));
  EXPECT_EQ(content(folder_.path() / "elsewhere" / "target.json"), "new");
}

TEST_F(OutputFileTest, RefusesLinksInACircle) {
  fs::create_symlink("report.json", path());
  expect_error(ErrorCode::kIo, {path().c_str(), "cannot be written", "symbolic links"},
               [&] { OutputFile{path()}; });
  EXPECT_TRUE(fs::is_symlink(path()));
}

/// A pipe of a test's own stands for /dev/null, which a mistake would replace.
TEST_F(OutputFileTest, RefusesWhatIsNoFile) {
  const std::string pipe = (folder_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink(pipe, path());
  for (const std::string& place : {pipe, path()}) {
    expect_error(ErrorCode::kIo, {place.c_str(), "it is a device, pipe or socket"},
                 [&] { OutputFile{place}; });
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(files(), 2);
}

TEST_F(OutputFileTest, NamesMayBeAsLongAsTheSystemAllows) {
  const fs::path longest = folder_.path() / (std::string(250, 'x') + ".json");
  OutputFile file(longest.string());
  file.write("new");
  file.commit();
  EXPECT_EQ(content(longest), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFileTest, FilesAtTheSameTimeHaveNamesOfTheirOwn) {
  std::vector<std::unique_ptr<OutputFile>> files_aside;
  for (int i = 0; i < 100; ++i) files_aside.push_back(std::make_unique<OutputFile>(path()));
  EXPECT_EQ(files(), 100);
}

TEST_F(OutputFileTest, RefusesAtOnceWhatCannotBeWritten) {
  const std::string file = folder_.write("file", "").string();
  for (const std::string& path :
       {folder_.path().string(), file + "/x.json", (folder_.path() / "none" / "x.json").string(),
        std::string("/proc/self/x.json")}) {
    expect_error(ErrorCode::kIo, {path.c_str(), "cannot be written"}, [&] { OutputFile{path}; });
  }
}

TEST_F(OutputFileTest, RefusesAFileWithoutAName) {
  expect_error(ErrorCode::kIo, {"without a name", "give it a path"}, [] { OutputFile{""}; });
}

TEST_F(OutputFileTest, AFullDiskLeavesTheOldFile) {
  folder_.write("report.json", "old");
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  expect_error(ErrorCode::kIo, {path().c_str(), "File too large"}, [&] {
    OutputFile file(path());
    file.write("more than ten bytes");
    file.commit();
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content(path()), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFileTest, APlaceThatIsTakenMeanwhileIsReported) {
  OutputFile file(path());
  fs::create_directories(path() + "/sub");
  expect_error(ErrorCode::kIo, {path().c_str(), "cannot be written"}, [&] { file.commit(); });
}

}  // namespace
}  // namespace lungrt
