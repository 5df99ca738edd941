#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/io.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

constexpr std::array<const char*, 3> kFormats{"nii.gz", "nrrd", "mha"};

class MasksTest : public ::testing::Test {
 protected:
  MasksTest() {
    auto masks = std::make_shared<RunMasks>();
    masks->lung_field = NoduleMask::from_bytes(bytes_.data(), shape_);
    masks->nodules = NoduleMask::from_bytes(bytes_.data(), shape_);
    masks->labels = {shape_, 7, std::vector<std::int32_t>(24, 7)};
    report_.shape = shape_;
    report_.geometry = Geometry({1, 2, 3}, {0.5, 0.75, 2}, {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}});
    report_.masks = masks;
  }
  static std::string content(const std::string& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
  }
  std::string folder() const { return (folder_.path() / "masks").string(); }

  TempFolder folder_;
  VolumeShape shape_{2, 3, 4};
  std::vector<std::uint8_t> bytes_{0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1,
                                   1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0};
  Report report_;
};

TEST_F(MasksTest, FolderThatCannotBeMade) {
  const std::string file = folder_.write("file", "x").string();
  expect_error(ErrorCode::kIo, {"the folder for masks cannot be created"},
               [&] { make_mask_folder(file); });
  expect_error(ErrorCode::kIo, {"the folder for masks cannot be created"},
               [&] { make_mask_folder(file + "/sub"); });
}

TEST_F(MasksTest, FolderThatNobodyWritesTo) {
  expect_error(ErrorCode::kIo, {"/proc/self/.lungrt-trial: cannot be written ("},
               [] { make_mask_folder("/proc/self"); });
}

TEST_F(MasksTest, FolderIsEmptyUntilMasksAreWritten) {
  make_mask_folder(folder());
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
}

TEST_F(MasksTest, FolderWithAFolderMasks) {
  std::filesystem::create_directories(folder() + "/masks");
  make_mask_folder(folder());
  EXPECT_EQ(write_masks(folder(), report_).size(), 3);
}

/// A report of a size that no machine has memory for.
TEST_F(MasksTest, MemoryThatIsNotThere) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer ends a program that asks for so much memory";
#endif
  report_.shape = {1 << 20, 1 << 20, 1 << 18};
  expect_error(ErrorCode::kOutOfMemory, {folder().c_str(), "not enough memory to write masks"},
               [&] { write_masks(folder(), report_); });
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
}

TEST_F(MasksTest, MasksThatAreNotThere) {
  expect_error(ErrorCode::kInvalidArgument, {"unknown mask format 'png'", "nii.gz, nrrd or mha"},
               [&] { write_masks(folder(), Report(), "png"); });
  expect_error(ErrorCode::kInvalidArgument, {"has no masks"},
               [&] { write_masks(folder(), Report()); });
  EXPECT_FALSE(std::filesystem::exists(folder()));
}

TEST_F(MasksTest, MasksBecomeFiles) {
  for (const char* format : kFormats) {
    const std::vector<std::string> files = write_masks(folder(), report_, format);
    ASSERT_EQ(files.size(), 3);
    const CtVolume labels = read_ct(files[2]), field = read_ct(files[0]);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      EXPECT_EQ(field.data()[i], bytes_[i]);
      EXPECT_EQ(labels.data()[i], 7);
    }
    EXPECT_EQ(labels.shape(), shape_);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(labels.geometry().origin_mm()[axis], report_.geometry.origin_mm()[axis], 1e-6);
      EXPECT_NEAR(labels.geometry().spacing_mm()[axis], report_.geometry.spacing_mm()[axis], 1e-6);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(labels.geometry().direction()[i][axis], report_.geometry.direction()[i][axis],
                    1e-6);
      }
    }
  }
}

/// NIfTI stores sizes in 16 bits.
TEST_F(MasksTest, AxisTooLongForNifti) {
  auto masks = std::make_shared<RunMasks>();
  report_.shape = {1, 1, 32768};
  const std::vector<std::uint8_t> bytes(32768, 1);
  masks->lung_field = masks->nodules = NoduleMask::from_bytes(bytes.data(), report_.shape);
  masks->labels = {report_.shape, 1, std::vector<std::int32_t>(32768, 1)};
  report_.masks = masks;
  expect_error(ErrorCode::kIo, {"lung_field.nii.gz: cannot be written", "longer than 32767"},
               [&] { write_masks(folder(), report_, "nii.gz"); });
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  EXPECT_EQ(read_ct(write_masks(folder(), report_, "nrrd")[2]).shape(), report_.shape);
}

TEST_F(MasksTest, FolderInTheWayOfAFile) {
  for (const char* format : kFormats) {
    const std::string name = std::string("lung_field.") + format;
    std::filesystem::create_directories(folder() + "/" + name + "/sub");
    expect_error(ErrorCode::kIo, {name.c_str(), "cannot be written"},
                 [&] { write_masks(folder(), report_, format); });
  }
}

/// While it exists, no file of this process can grow beyond so many bytes.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(MasksTest, FullDiskLeavesOlderFiles) {
  for (const char* format : kFormats) {
    const std::vector<std::string> files = write_masks(folder(), report_, format);
    const auto size = std::filesystem::file_size(files[0]);
    const std::string older = content(files[0]);
    for (const std::uintmax_t room :
         {std::uintmax_t{0}, size / 2, size - 16}) {  // the last 8 bytes are a checksum and a size
      const FullDisk full(room);
      expect_error(ErrorCode::kIo, {files[0].c_str(), "cannot be written"},
                   [&] { write_masks(folder(), report_, format); });
    }
    EXPECT_EQ(content(files[0]), older);
  }
}

}  // namespace
}  // namespace lungrt
