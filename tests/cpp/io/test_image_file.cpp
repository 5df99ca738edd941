#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

#include "expect_error.h"
#include "io/components.h"
#include "io/compressed_bytes.h"
#include "io/dicom_bytes.h"
#include "io/nifti_file.h"
#include "lungrt/io.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

/// Voxels 0, 1, ... of 2 slices of 2 x 3.
std::string voxels() {
  std::string result;
  for (std::uint32_t i = 0; i < 12; ++i) result += little(i, 2);
  return result;
}

const std::string kHeader =
    "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT\n";
const std::string kBinary = "BinaryData = True\nBinaryDataByteOrderMSB = False\n";
const std::string kCompressed = kBinary + "CompressedData = True\n";

class ImageFileTest : public ::testing::Test {
 protected:
  /// \param fields  all fields before the last one, which names the file of the voxels
  std::string meta_image(const std::string& fields, const std::string& data,
                         const std::string& rest = "") const {
    return folder_.write("ct.mhd", kHeader + fields + "ElementDataFile = " + data + "\n" + rest)
        .string();
  }
  /// With the voxels after the header.
  std::string compressed_image(std::size_t stated_bytes, const std::string& data) const {
    return meta_image(kCompressed + "CompressedDataSize = " + std::to_string(stated_bytes) + "\n",
                      "LOCAL", data);
  }
  std::string nrrd_header(const std::string& fields) const {
    return folder_
        .write("ct.nhdr",
               "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
               "sizes: 3 2 2\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
               "kinds: domain domain domain\nendian: little\nspace origin: (0,0,0)\n" +
                   fields)
        .string();
  }
  void expect(const std::string& path, ErrorCode code, const char* reason) const {
    expect_error(code, {path.c_str(), reason}, [&] { read_ct(path); });
  }
  void expect_voxels(const std::string& path) const {
    const CtVolume volume = read_ct(path);
    ASSERT_EQ(volume.shape(), (VolumeShape{2, 2, 3}));
    for (int i = 0; i < 12; ++i) EXPECT_EQ(volume.data()[i], i);
  }
  TempFolder folder_;
};

TEST_F(ImageFileTest, MetaImages) {
  expect_voxels(meta_image(kBinary, "LOCAL", voxels()));
  expect_voxels(compressed_image(compressed(voxels()).size(), compressed(voxels())));
  folder_.write("ct.zraw", compressed(voxels()));
  expect_voxels(meta_image(kCompressed, "ct.zraw"));
  folder_.write("ct.raw", "header" + voxels());
  expect_voxels(meta_image(kBinary + "HeaderSize = 6\n", "ct.raw"));
  expect_voxels(meta_image(kBinary + "HeaderSize = -1\n", "ct.raw"));
  const std::size_t begin =
      std::string(kHeader + kBinary + "HeaderSize = 123\nElementDataFile = LOCAL\n").size();
  expect_voxels(
      meta_image(kBinary + "HeaderSize = " + std::to_string(begin) + "\n", "LOCAL", voxels()));
}

TEST_F(ImageFileTest, MetaImageOfText) {
  expect(meta_image("BinaryData = False\n", "LOCAL", "0 1 2 3 4 5 6 7 8 9 10 11\n"),
         ErrorCode::kBadVolume, "its voxels are stored as text (BinaryData = False)");
  folder_.write("ct.txt", "0 1 2 3 4 5 6 7 8 9 10 11\n");
  expect(meta_image("BinaryData = False\n", "ct.txt"), ErrorCode::kBadVolume, "stored as text");
}

TEST_F(ImageFileTest, MetaImageOfAFileASlice) {
  folder_.write("slice1.raw", voxels().substr(0, 12));
  folder_.write("slice2.raw", voxels().substr(12));
  expect(meta_image(kBinary, "LIST", "slice1.raw\nslice2.raw\n"), ErrorCode::kBadVolume,
         "its voxels are stored in one file per slice");
  expect(meta_image(kBinary, "slice%d.raw 1 2 1"), ErrorCode::kBadVolume,
         "its voxels are stored in one file per slice");
}

TEST_F(ImageFileTest, MetaImageThatIsNotWhole) {
  expect(meta_image(kBinary, "LOCAL", voxels().substr(1)), ErrorCode::kIo,
         "contains 23 of 24 bytes of voxels");
  expect(meta_image(kBinary, "nothing.raw"), ErrorCode::kIo, "nothing.raw: cannot be read");
}

TEST_F(ImageFileTest, CompressedMetaImageThatIsNotWhole) {
  const std::string data = compressed(voxels()), few = compressed(voxels().substr(2));
  expect(compressed_image(few.size(), few), ErrorCode::kIo, "contains 22 of 24 bytes of voxels");
  expect(compressed_image(data.size(), data.substr(0, 10)), ErrorCode::kIo,
         "truncated or damaged (its compressed data are incomplete)");
  expect(compressed_image(24, voxels()), ErrorCode::kIo,
         "truncated or damaged (its compressed data are damaged)");
  // ITK's reader would take too few bytes or begin at the wrong offset, and leave voxels undefined.
  expect(compressed_image(data.size() - 1, data), ErrorCode::kIo, "its CompressedDataSize is 28");
  expect(meta_image(kCompressed, "LOCAL", data), ErrorCode::kIo,
         "its CompressedDataSize is missing");
  folder_.write("ct.zraw", "header" + data);
  expect(meta_image(kCompressed + "HeaderSize = 6\n", "ct.zraw"), ErrorCode::kIo,
         "its CompressedDataSize is missing");
}

TEST_F(ImageFileTest, NrrdHeader) {
  folder_.write("ct.raw", "abc" + voxels());
  expect_voxels(nrrd_header("Encoding: RAW\r\nbyte skip: 3\r\ndatafile: ct.raw\r\n"));
  expect_voxels(nrrd_header("encoding: raw\nbyteskip: -1\ndata file: ct.raw\n"));
  expect_voxels(nrrd_header("encoding:  raw\nbyte skip: \t3\ndata file:  ct.raw\n"));
  expect_voxels(nrrd_header("encoding: raw\nbyte skip: 3\n\nabc" + voxels()));
  expect_voxels(nrrd_header("encoding: gzip\n\n" + gzipped(voxels())));
}

TEST_F(ImageFileTest, NrrdHeaderInAWayThatIsNotSupported) {
  for (const char* name : {"ct.raw", "ct.txt", "slice1.raw", "slice2.raw"}) {
    folder_.write(name, voxels());
  }
  const auto refuse = [&](const std::string& fields, const char* reason) {
    expect(nrrd_header(fields), ErrorCode::kBadVolume, reason);
  };
  refuse("encoding: raw\ndata file: LIST\nslice1.raw\nslice2.raw\n", "in one file per slice");
  refuse("encoding: raw\ndata file: slice%d.raw 1 2 1\n", "in one file per slice");
  refuse("encoding: raw\nline skip: 1\ndata file: ct.raw\n",
         "its voxels begin after lines of text (line skip)");
  refuse("encoding: ascii\ndata file: ct.txt\n", "the encoding of its voxels is ascii");
  refuse("encoding: ascii\n\n0 1 2 3 4 5 6 7 8 9 10 11\n", "the encoding of its voxels is ascii");
}

TEST_F(ImageFileTest, NrrdHeaderWhoseVoxelsAreNotWhole) {
  folder_.write("ct.raw", voxels().substr(1));
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  expect(nrrd_header("encoding: raw\ndata file: ct.raw\n"), ErrorCode::kIo,
         "contains 23 of 24 bytes of voxels");
  EXPECT_EQ(open_files(), before);  // ITK's reader would leave the file open
  expect(nrrd_header("encoding: raw\ndata file: nothing.raw\n"), ErrorCode::kIo, "nothing.raw");
  // ITK's reader would leak memory, which the address sanitizer reports.
  expect(nrrd_header("encoding: raw\n\n" + voxels().substr(1)), ErrorCode::kIo,
         "it contains 23 of 24 bytes of voxels");
  const std::string packed = gzipped(voxels());
  expect(nrrd_header("encoding: gz\n\n" + packed.substr(0, packed.size() - 9)), ErrorCode::kIo,
         "truncated or damaged (unexpected end of file)");
  std::string damaged = packed;
  damaged[damaged.size() - 5] ^= 1;  // part of the checksum
  expect(nrrd_header("encoding: gz\n\n" + damaged), ErrorCode::kIo,
         "truncated or damaged (incorrect data check)");
}

TEST_F(ImageFileTest, VoxelsOfATypeWithoutHounsfieldUnits) {
  expect_error(ErrorCode::kBadVolume, {"are not Hounsfield units"}, [] {
    io::with_components(itk::IOComponentEnum::LDOUBLE, nullptr, [](const auto*) {});
  });
}

TEST_F(ImageFileTest, NiftiThatCannotBeOpened) {
  expect_error(ErrorCode::kIo, {"nothing.nii: truncated or damaged (it cannot be opened)"},
               [&] { io::require_complete_nifti(folder_.path() / "nothing.nii"); });
}

}  // namespace
}  // namespace lungrt
