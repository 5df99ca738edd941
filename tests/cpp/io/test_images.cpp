#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

#include "expect_error.h"
#include "io/compressed_bytes.h"
#include "io/dicom_bytes.h"
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

class ImagesTest : public ::testing::Test {
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

TEST_F(ImagesTest, MetaImages) {
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

TEST_F(ImagesTest, MetaImageOfText) {
  expect(meta_image("BinaryData = False\n", "LOCAL", "0 1 2 3 4 5 6 7 8 9 10 11\n"),
         ErrorCode::kBadVolume, "its voxels are stored as text (BinaryData = False)");
  folder_.write("ct.txt", "0 1 2 3 4 5 6 7 8 9 10 11\n");
  expect(meta_image("BinaryData = False\n", "ct.txt"), ErrorCode::kBadVolume, "stored as text");
}

TEST_F(ImagesTest, MetaImageOfAFileASlice) {
  folder_.write("slice1.raw", voxels().substr(0, 12));
  folder_.write("slice2.raw", voxels().substr(12));
  expect(meta_image(kBinary, "LIST", "slice1.raw\nslice2.raw\n"), ErrorCode::kBadVolume,
         "its voxels are stored in one file per slice");
  expect(meta_image(kBinary, "slice%d.raw 1 2 1"), ErrorCode::kBadVolume,
         "its voxels are stored in one file per slice");
}

TEST_F(ImagesTest, MetaImageThatIsNotWhole) {
  expect(meta_image(kBinary, "LOCAL", voxels().substr(1)), ErrorCode::kIo,
         "contains 23 of 24 bytes of voxels");
  expect(meta_image(kBinary, "nothing.raw"), ErrorCode::kIo, "'nothing.raw' was not found");
  std::filesystem::create_directory(folder_.path() / "folder");
  expect(meta_image(kBinary, "folder"), ErrorCode::kIo, "'folder' is not a regular file");
  std::filesystem::create_symlink("circle", folder_.path() / "circle");
  expect(meta_image(kBinary, "circle"), ErrorCode::kIo,
         "'circle' cannot be read (Too many levels of symbolic links)");
  expect(meta_image(kBinary, "\x1B[31m" + std::string(200, 'x')), ErrorCode::kIo,
         ("\xEF\xBF\xBD[31m" + std::string(75, 'x') + "...' was not found").c_str());
  // All of a short file's bytes are fewer than the voxels, wherever these end.
  const std::string fields = "NDims = 3\nDimSize = 300 2 2\nElementType = MET_SHORT\n";
  expect(folder_.write("ct.mha", fields + "HeaderSize = -1\nElementDataFile = LOCAL\n" + voxels())
             .string(),
         ErrorCode::kIo, "contains 24 of 2400 bytes of voxels");
  expect(meta_image(kBinary, ""), ErrorCode::kIo, "data file '' is not a regular file");
}

TEST_F(ImagesTest, CompressedMetaImageThatIsNotWhole) {
  const std::string data = compressed(voxels()), few = compressed(voxels().substr(2));
  expect(compressed_image(few.size(), few), ErrorCode::kIo, "contains 22 of 24 bytes of voxels");
  expect(compressed_image(data.size(), data.substr(0, 10)), ErrorCode::kIo,
         "truncated or damaged (its compressed data are incomplete)");
  expect(compressed_image(24, voxels()), ErrorCode::kIo,
         "truncated or damaged (its compressed data are damaged: unknown compression method)");
  std::string damaged = data;
  damaged.back() ^= 1;  // part of the checksum, behind all voxels
  expect(compressed_image(data.size(), damaged), ErrorCode::kIo, "incorrect data check");
  expect(compressed_image(data.size() - 1, data), ErrorCode::kIo, "its CompressedDataSize is 28");
  expect(meta_image(kCompressed + "HeaderSize = -1\n", "LOCAL", data), ErrorCode::kBadVolume,
         "its voxels are compressed and at the end of a file");
}

/// ITK needs the size, to know how much to read.
TEST_F(ImagesTest, CompressedMetaImageWithoutItsSize) {
  expect_voxels(meta_image(kCompressed, "LOCAL", compressed(voxels()) + "more"));
  folder_.write("ct.zraw", "header" + compressed(voxels()));
  expect_voxels(meta_image(kCompressed + "HeaderSize = 6\n", "ct.zraw"));
}

/// A header's claims cost no memory unless the file can keep them.
TEST_F(ImagesTest, SizesBeyondTheFile) {
  const auto image = [&](const std::string& sizes, const std::string& fields) {
    return folder_.write("ct.mha", "NDims = 3\nElementType = MET_DOUBLE\nDimSize = " + sizes +
                                       "\n" + fields + "ElementDataFile = LOCAL\n" +
                                       compressed(voxels()));
  };
  const std::string huge = "2147483647 2147483647 2147483647", large = "1000 1000 4000";
  for (const char* compression : {"", "CompressedData = True\n"}) {
    expect(image(huge, compression), ErrorCode::kBadVolume, "has more than 4,000,000,000 voxels");
    expect(image(large, compression), ErrorCode::kIo, "of 32000000000 bytes of voxels");
    const bool is_compressed = *compression != '\0';
    expect(image(large, compression), ErrorCode::kIo,
           is_compressed ? "it contains at most " : "it contains 29 of");
    expect(image("0 2 2", compression), ErrorCode::kBadVolume, "2 x 2 x 0");
    expect(image("-1 2 2", compression), ErrorCode::kBadVolume, "2 x 2 x -1");
  }
  expect(image("99999999999999999999 2 2", ""), ErrorCode::kIo, "expected 3 integers");
}

TEST_F(ImagesTest, MetaImageHeadersThatAreNone) {
  const auto refuse = [&](const std::string& header, ErrorCode code, const char* reason) {
    expect(folder_.write("ct.mha", header).string(), code, reason);
  };
  const std::string data = "ElementDataFile = LOCAL\n" + voxels();
  refuse("", ErrorCode::kIo, "its header has no field 'NDims'");
  refuse("some text\n", ErrorCode::kIo, "its header has no field 'NDims'");
  refuse(std::string((1 << 20) + 1, 'x'), ErrorCode::kIo, "its header is longer than 1 MiB");
  refuse("NDims = 3\n" + data, ErrorCode::kIo, "no field 'DimSize'");
  refuse("NDims = 3\nDimSize = 3 2 2\n" + data, ErrorCode::kIo, "no field 'ElementType'");
  refuse("NDims = 3\nDimSize = 3 2\n" + data, ErrorCode::kIo, "is '3 2', expected 3 integers");
  refuse("NDims = x\n" + data, ErrorCode::kIo, "is 'x', expected 1 integers");
  refuse("NDims = 4\nDimSize = 3 2 2 1\n" + data, ErrorCode::kBadVolume, "4 dimensions");
  refuse(kHeader, ErrorCode::kIo, "no field 'ElementDataFile'");
  refuse(kHeader + "ElementNumberOfChannels = 3\n" + data, ErrorCode::kBadVolume,
         "3 values per voxel");
  refuse(kHeader + "Offset = 1 \xff 3\n" + data, ErrorCode::kIo,
         "field 'Offset' is '1 \xEF\xBF\xBD 3', expected 3 numbers");
  refuse(kHeader + "Offset 1 2 3\n" + data, ErrorCode::kIo,
         "has the line 'Offset 1 2 3', expected 'Offset = ...'");
  refuse(kHeader + "\tElementSpacing\t1 2 3\r\n" + data, ErrorCode::kIo,
         "expected 'ElementSpacing = ...'");
  refuse(kHeader + "HeaderSize = 1.5\n" + data, ErrorCode::kIo, "'HeaderSize' is '1.5'");
  refuse(kHeader + "ElementSpacing = 1 0 1\n" + data, ErrorCode::kBadVolume, "the spacing");
  refuse(kHeader + "TransformMatrix = 1 1 0 0 1 0 0 0 1\n" + data, ErrorCode::kBadVolume,
         "is not orthonormal");
  refuse("NDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT_ARRAY\n" + data,
         ErrorCode::kBadVolume, "voxels of type MET_SHORT_ARRAY are not Hounsfield units");
}

TEST_F(ImagesTest, NrrdHeader) {
  folder_.write("ct.raw", "abc" + voxels());
  expect_voxels(nrrd_header("Encoding: RAW\r\nbyte skip: 3\r\ndatafile: ct.raw\r\n"));
  expect_voxels(nrrd_header("encoding: raw\nbyteskip: -1\ndata file: ct.raw\n"));
  expect_voxels(nrrd_header("encoding:  raw\nbyte skip: \t3\ndata file:  ct.raw\n"));
  expect_voxels(nrrd_header("encoding: raw\nbyte skip: 3\n\nabc" + voxels()));
  expect_voxels(nrrd_header("encoding: gzip\n\n" + gzipped(voxels())));
}

TEST_F(ImagesTest, NrrdHeaderInAWayThatIsNotSupported) {
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
  refuse("encoding: gzip\nbyte skip: -1\ndata file: ct.raw\n",
         "its voxels are compressed and at the end of a file (byte skip -1)");
  refuse("encoding: ascii\n\n0 1 2 3 4 5 6 7 8 9 10 11\n", "the encoding of its voxels is ascii");
}

TEST_F(ImagesTest, NrrdHeaderWhoseVoxelsAreNotWhole) {
  folder_.write("ct.raw", voxels().substr(1));
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  expect(nrrd_header("encoding: raw\ndata file: ct.raw\n"), ErrorCode::kIo,
         "contains 23 of 24 bytes of voxels");
  EXPECT_EQ(open_files(), before);
  expect(nrrd_header("encoding: raw\ndata file: nothing.raw\n"), ErrorCode::kIo, "nothing.raw");
  expect(nrrd_header("encoding: raw\nbyte skip: -1\n\n" + voxels().substr(1)), ErrorCode::kIo,
         "it contains 23 of 24 bytes of voxels");
  expect(nrrd_header("encoding: raw\nbyte skip: 3\n\n" + voxels()), ErrorCode::kIo,
         "it contains 21 of 24 bytes of voxels");
  expect(nrrd_header("encoding: raw\nbyte skip: 99999\n\n" + voxels()), ErrorCode::kIo,
         "it contains 0 of 24 bytes of voxels");
  expect(nrrd_header("encoding: gzip\n\n" + gzipped(voxels().substr(1))), ErrorCode::kIo,
         "it contains 23 of 24 bytes of voxels");
  expect(nrrd_header("encoding: raw\n\n" + voxels().substr(1)), ErrorCode::kIo,
         "it contains 23 of 24 bytes of voxels");
  const std::string packed = gzipped(voxels());
  expect(nrrd_header("encoding: gz\n\n" + packed.substr(0, packed.size() - 9)), ErrorCode::kIo,
         "truncated or damaged (its compressed data are incomplete)");
  std::string damaged = packed;
  damaged[damaged.size() - 5] ^= 1;  // part of the checksum
  expect(nrrd_header("encoding: gz\n\n" + damaged), ErrorCode::kIo,
         "truncated or damaged (its compressed data are damaged: incorrect data check)");
}

TEST_F(ImagesTest, NrrdHeadersThatAreNone) {
  const std::string begin = "NRRD0004\n", sizes = "dimension: 3\nsizes: 3 2 2\n";
  const std::string plain = sizes + "type: short\nendian: little\nencoding: raw\n";
  const auto refuse = [&](const std::string& header, const char* reason,
                          ErrorCode code = ErrorCode::kIo) {
    expect(folder_.write("ct.nrrd", header + "\n" + voxels()).string(), code, reason);
  };
  refuse("", "it does not begin with NRRD0001 to NRRD0005");
  refuse("NRRD0006\n" + plain, "it does not begin with NRRD0001 to NRRD0005");
  refuse(begin + std::string((1 << 20) + 1, 'x'), "its header is longer than 1 MiB");
  refuse(begin + plain + "spce: RAS\n", "has the line 'spce: RAS', which is no field");
  refuse(begin + plain + "some text\n", "has the line 'some text', which is no field");
  refuse(begin + plain + "encoding: raw\n", "its header has two fields 'encoding'");
  refuse(begin, "no field 'dimension'");
  refuse(begin + "dimension: 0\n", "field 'dimension' is '0', expected 1 to 16");
  refuse(begin + "dimension: 3\nsizes: 3 2\n", "is '3 2', expected 3 integers");
  refuse(begin + plain + "kinds: domain\n", "field 'kinds' is 'domain', expected 3 kinds");
  refuse(begin + plain + "kinds: domain domain list\n", "2 dimensions and 2 values",
         ErrorCode::kBadVolume);
  refuse(begin + sizes + "encoding: raw\nendian: little\n", "no field 'type'");
  refuse(begin + sizes + "type: block\n", "voxels of type block", ErrorCode::kBadVolume);
  refuse(begin + sizes + "type: short\nencoding: raw\n", "no field 'endian'");
  refuse(begin + sizes + "type: short\nendian: middle\n", "expected little or big");
  refuse(begin + sizes + "type: uchar\n", "no field 'encoding'");
  refuse(begin + plain + "byte skip: -2\n", "field 'byteskip' is '-2', expected -1 or more");
  refuse(begin + plain + "spacings: 1 2\n", "field 'spacings' is '1 2', expected 3 numbers");
  refuse(begin + plain + "spacings: 1 2 x\n", "field 'spacings' is '1 2 x', expected numbers");
  const std::string directions = "space directions: (1,0,0) (0,1,0) (0,0,1)\n";
  refuse(begin + plain + "space: RPS\n" + directions, "its space is 'RPS'", ErrorCode::kBadVolume);
  refuse(begin + plain + "space: LPS\naxis mins: 1 2 3\n", "both a space and axismins");
  refuse(begin + plain + "space dimension: 2\n" + directions, "its space has 2 dimensions",
         ErrorCode::kBadVolume);
  for (const char* wrong : {"(1,0,0) (0,1,0)", "(1,0,0) (0,1,0) (0,0,1", "(1,0) (0,1) (0,1)",
                            "1 0 0", "(1,0,0) (0,1,0) (0,,1)"}) {
    refuse(begin + plain + "space: LPS\nspace directions: " + wrong + "\n",
           "expected 3 vectors such as (1,0,0)");
  }
  refuse(begin + plain + "space: LPS\nspace directions: (1,0,0) (1,1,0) (0,0,1)\n",
         "is not orthonormal", ErrorCode::kBadVolume);
}

/// A NIfTI-1 file of the voxels, or of others.
std::string nifti(const std::string& content = voxels()) {
  std::string header(352, '\0');
  const auto put = [&](std::size_t at, const std::string& bytes) {
    header.replace(at, bytes.size(), bytes);
  };
  put(0, little(348, 4));
  put(40, little(3, 2) + little(3, 2) + little(2, 2) + little(2, 2));
  put(70, little(4, 2) + little(16, 2));
  put(108, little(0x43B00000, 4));  // 352 as a float
  put(344, "n+1");
  return header + content;
}

TEST_F(ImagesTest, NiftiHeadersThatAreNone) {
  const auto edited = [&](std::size_t at, const std::string& bytes) {
    return folder_.write("ct.nii", nifti().replace(at, bytes.size(), bytes)).string();
  };
  expect_voxels(edited(0, ""));
  expect(edited(0, little(347, 4)), ErrorCode::kIo, "the size of a NIfTI header");
  expect(edited(0, little(540, 4)), ErrorCode::kBadVolume, "it is a NIfTI-2 file");
  expect(edited(344, "ni1"), ErrorCode::kBadVolume, "(magic n+1)");
  expect(edited(40, little(0, 2)), ErrorCode::kIo, "it has 0 dimensions");
  expect(edited(40, little(8, 2)), ErrorCode::kIo, "it has 8 dimensions");
  expect(edited(40, little(2, 2)), ErrorCode::kBadVolume, "2 dimensions");
  expect(edited(40, little(4, 2) + little(3, 2) + little(2, 2) + little(1, 2) + little(2, 2)),
         ErrorCode::kBadVolume, "4 dimensions");
  expect(edited(46, little(0, 2)), ErrorCode::kBadVolume, "0 x 2 x 3");
  expect(edited(68, little(1004, 2)), ErrorCode::kBadVolume, "its voxels are matrices");
  expect(edited(40, little(5, 2) + little(3, 2) + little(2, 2) + little(1, 2) + little(1, 2) +
                        little(2, 2) + std::string(16, '\0') + little(1007, 2)),
         ErrorCode::kBadVolume, "2 values per voxel");
  for (const auto& [type, values] : {std::pair{32U, "2 values"},
                                     {128U, "3 values"},
                                     {2304U, "4 values"},
                                     {1U, "type 1"},
                                     {1536U, "type 1536"}}) {
    expect(edited(70, little(type, 2)), ErrorCode::kBadVolume, values);
  }
  expect(edited(108, little(0, 4)), ErrorCode::kIo, "its vox_offset is 0.0");
  expect(edited(108, little(0x7FC00000, 4)), ErrorCode::kIo, "its vox_offset is nan");
  expect(edited(108, little(0x4E800001, 4)), ErrorCode::kIo, "its vox_offset is 1073741952");
  expect(edited(254, little(1, 2)), ErrorCode::kBadVolume, "sform are not perpendicular");
}

TEST_F(ImagesTest, NiftiThatIsNotWhole) {
  const auto file = [&](const std::string& content, const char* name = "ct.nii") {
    return folder_.write(name, content).string();
  };
  expect(file(nifti().substr(0, 351)), ErrorCode::kIo, "its header has 351 of 352 bytes");
  expect(file(nifti().substr(0, 375)), ErrorCode::kIo, "it contains 23 of 24 bytes of voxels");
  const char* const packed = "ct.nii.gz";
  const std::string whole = gzipped(nifti());
  expect_voxels(file(whole, packed));
  expect_voxels(file(gzipped(nifti() + "more"), packed));
  expect_voxels(file(gzipped(nifti().substr(0, 100)) + gzipped(nifti().substr(100)), packed));
  expect(file(gzipped(nifti().substr(0, 375)), packed), ErrorCode::kIo, "23 of 24 bytes");
  expect(file(whole.substr(0, whole.size() - 1), packed), ErrorCode::kIo, "are incomplete");
  expect(file(whole.substr(0, 30), packed), ErrorCode::kIo, "are incomplete");
  expect(file(whole + "more", packed), ErrorCode::kIo, "other bytes follow its compressed data");
  expect(file(nifti(), packed), ErrorCode::kIo, "incorrect header check");
  expect(file(whole), ErrorCode::kIo, "cannot be read");
  std::string damaged = whole;
  damaged[damaged.size() - 5] ^= 1;  // part of the checksum
  expect(file(damaged, packed), ErrorCode::kIo, "incorrect data check");
}

}  // namespace
}  // namespace lungrt
