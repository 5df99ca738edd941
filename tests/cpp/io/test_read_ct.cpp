#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "expect_error.h"
#include "io/dicom_bytes.h"
#include "lungrt/io.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

class ReadCtTest : public ::testing::Test {
 protected:
  void write_series(int slices) {
    for (int i = 0; i < slices; ++i) {
      folder_.write("ct/" + std::to_string(9 - i) + ".dcm", dicom_slice(i));
    }
  }
  std::string ct() const { return (folder_.path() / "ct").string(); }
  TempFolder folder_;
};

TEST_F(ReadCtTest, SlicesByPositionNotByName) {
  write_series(3);
  for (const int threads : {0, 1, 5}) {
    ReadOptions options;
    options.threads = threads;
    const CtVolume volume = read_ct(ct(), options);
    EXPECT_EQ(volume.shape(), (VolumeShape{3, 2, 3}));
    EXPECT_EQ(volume.geometry().origin_mm(), (Vec3{1, 2, 0}));
    EXPECT_EQ(volume.geometry().spacing_mm(), (Vec3{0.25, 0.5, 3}));
    EXPECT_EQ(volume.series_uid(), "1.2.3");
    for (int slice = 0; slice < 3; ++slice) {
      for (int pixel = 0; pixel < 6; ++pixel) {
        EXPECT_EQ(volume.slice(slice)[pixel], pixel + 10 * slice - 1024);
      }
    }
  }
}

TEST_F(ReadCtTest, SeriesAreListed) {
  write_series(2);
  const std::vector<SeriesInfo> found = list_series(ct());
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].uid, "1.2.3");
  EXPECT_EQ(found[0].modality, "CT");
  EXPECT_EQ(found[0].slices, 2);
}

TEST_F(ReadCtTest, CancelledBetweenFiles) {
  write_series(3);
  ReadOptions options;
  int asked = 0;
  options.cancelled = [&] { return ++asked == 2; };
  expect_error(ErrorCode::kCancelled, {"cancelled"}, [&] { read_ct(ct(), options); });
}

TEST_F(ReadCtTest, ArgumentsThatMakeNoSense) {
  ReadOptions options;
  options.threads = -1;
  expect_error(ErrorCode::kInvalidArgument, {"threads is -1"}, [&] { read_ct(ct(), options); });
  options.threads = std::numeric_limits<int>::min();
  expect_error(ErrorCode::kInvalidArgument, {"threads"}, [&] { read_ct("", options); });
  expect_error(ErrorCode::kIo, {"no such file"}, [] { read_ct(""); });
  expect_error(ErrorCode::kIo, {"no such file"}, [] { read_ct(std::string(10'000, 'x')); });
  expect_error(ErrorCode::kIo, {"no such file or folder"}, [] { list_series("nowhere"); });
}

TEST_F(ReadCtTest, HugeNumberOfThreadsIsNoMoreThanThereAreFiles) {
  write_series(3);
  ReadOptions options;
  options.threads = std::numeric_limits<int>::max();
  EXPECT_EQ(read_ct(ct(), options).shape().slices, 3);
}

TEST_F(ReadCtTest, FileThatShrinksWhileTheSeriesIsRead) {
  write_series(3);
  ReadOptions options;
  options.threads = 1;
  int asked = 0;
  options.cancelled = [&] {
    if (++asked == 4)
      std::filesystem::resize_file(folder_.path() / "ct/8.dcm", 500);  // all headers have been read
    return false;
  };
  expect_error(ErrorCode::kIo, {"8.dcm: was changed while it was being read"},
               [&] { read_ct(ct(), options); });
}

TEST_F(ReadCtTest, VersionsOfWhatReads) {
  EXPECT_EQ(reader_versions().at("zlib").rfind("1.", 0), 0);
  EXPECT_EQ(reader_versions().at("GDCM").rfind("3.", 0), 0);
}

}  // namespace
}  // namespace lungrt
