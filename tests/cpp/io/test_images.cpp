#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "io/image_files.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

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

TEST_F(ImagesTest, MetaImageHeadersThatAreNone) {
  const auto refuse = [&](const std::string& header, ErrorCode code, const char* reason) {
    expect(folder_.write("ct.mha", header).string(), code, reason);
  };
  const std::string data = "ElementDataFile = LOCAL\n" + voxels();
  refuse("", ErrorCode::kIo, "it is empty");
  refuse("some text\n", ErrorCode::kIo, "its header has no field 'NDims'");
  refuse(std::string((1 << 20) + 1, 'x'), ErrorCode::kIo, "its header is longer than 1 MiB");
  refuse("NDims = 3\n" + data, ErrorCode::kIo, "no field 'DimSize'");
  refuse("NDims = 3\nDimSize = 3 2 2\n" + data, ErrorCode::kIo, "no field 'ElementType'");
  refuse("NDims = 3\nDimSize = 3 2\n" + data, ErrorCode::kIo, "is '3 2', expected 3 integers");
  refuse("NDims = x\n" + data, ErrorCode::kIo, "is 'x', expected 1 integers");
  refuse("NDims = 2\nDimSize = 3 2\n" + data, ErrorCode::kBadVolume, "2 dimensions");
  refuse("NDims = 4\nDimSize = 3 2 1 2\n" + data, ErrorCode::kBadVolume,
         "4 dimensions and 1 value per voxel; a CT has 3 dimensions and 1 value per voxel. It "
         "holds 2 volumes");
  refuse("NDims = 11\n" + data, ErrorCode::kBadVolume, "11 dimensions");
  refuse("ObjectType = Mesh\n" + kHeader.substr(19) + data, ErrorCode::kBadVolume,
         "its ObjectType is 'Mesh', expected Image");
  refuse(kHeader + "DistanceUnits = cm\n" + data, ErrorCode::kBadVolume,
         "its DistanceUnits are 'cm'");
  for (const char* field :
       {"ElementToIntensityFunctionSlope", "ElementToIntensityFunctionOffset"}) {
    refuse(kHeader + field + " = 2\n" + data, ErrorCode::kBadVolume,
           "its header has a slope or an offset for its voxels");
  }
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
  refuse(begin + sizes + "type: short\nencoding: raw\nendian: middle\n", "expected little or big");
  refuse(begin + sizes + "type: uchar\nencoding: zrl\n", "the encoding of its voxels is zrl",
         ErrorCode::kBadVolume);
  refuse(begin + sizes + "type: uchar\nencoding: gzip\nbyte skip: -1\n",
         "its voxels are at the end of a file (byte skip -1) and not raw, but gzip",
         ErrorCode::kBadVolume);
  refuse(begin + plain + "line skip: -1\n", "field 'lineskip' is '-1', expected 0 or more");
  refuse(begin + plain + "space: LPS\nspace units: \"mm\" \"cm\" \"mm\"\n",
         "its space units are 'cm'", ErrorCode::kBadVolume);
  refuse(begin + "dimension: 4\nsizes: 3 1 2 2\n", "It holds 2 volumes", ErrorCode::kBadVolume);
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

TEST_F(ImagesTest, NiftiHeadersThatAreNone) {
  const auto edited = [&](std::size_t at, const std::string& bytes) {
    return folder_.write("ct.nii", nifti().replace(at, bytes.size(), bytes)).string();
  };
  expect_voxels(edited(0, ""));
  expect(edited(0, little(347, 4)), ErrorCode::kIo, "the size of a NIfTI header");
  expect(edited(0, little(540, 4)), ErrorCode::kIo, "neither the magic n+2 nor ni2 of NIfTI-2");
  expect(edited(344, "ni1"), ErrorCode::kBadVolume, "the voxels are in a file of their own");
  expect(edited(344, std::string(4, '\0')), ErrorCode::kBadVolume, "It is one of Analyze 7.5");
  expect(edited(40, little(0, 2)), ErrorCode::kIo, "it has 0 dimensions");
  expect(edited(40, little(8, 2)), ErrorCode::kIo, "it has 8 dimensions");
  expect(edited(40, little(2, 2)), ErrorCode::kBadVolume, "2 dimensions");
  expect(edited(40, little(4, 2) + little(3, 2) + little(2, 2) + little(1, 2) + little(2, 2)),
         ErrorCode::kBadVolume, "It holds 2 volumes");
  expect(edited(46, little(0, 2)), ErrorCode::kBadVolume, "0 x 2 x 3");
  expect(edited(68, little(1004, 2)), ErrorCode::kBadVolume, "its voxels are matrices");
  expect(edited(40, little(5, 2) + little(3, 2) + little(2, 2) + little(1, 2) + little(1, 2) +
                        little(2, 2) + std::string(16, '\0') + little(1007, 2)),
         ErrorCode::kBadVolume, "2 values per voxel");
  for (const auto& [type, values] : {std::pair{32U, "2 values"},
                                     {128U, "3 values"},
                                     {2048U, "2 values"},
                                     {2304U, "4 values"},
                                     {1U, "type 1"},
                                     {1536U, "type 1536"}}) {
    expect(edited(70, little(type, 2)), ErrorCode::kBadVolume, values);
  }
  expect(edited(108, little(0, 4)), ErrorCode::kIo, "its vox_offset is 0.0");
  expect(edited(108, little(0x7FC00000, 4)), ErrorCode::kIo, "its vox_offset is nan");
  expect(edited(108, little(0x4E800001, 4)), ErrorCode::kIo, "its vox_offset is 1073741952");
  expect(edited(254, little(1, 2)), ErrorCode::kBadVolume, "sform are not perpendicular");
  expect(edited(84, little(0xC0000000, 4)), ErrorCode::kBadVolume,
         "its pixdim[2] is -2, expected a positive spacing");
}

/// 64 bits.
std::string wide(std::uint32_t low, std::uint32_t high = 0) {
  return little(low, 4) + little(high, 4);
}

/// A header of NIfTI-2: 12 voxels int16 at byte 544.
std::string nifti_2() {
  std::string header(544, '\0');
  const auto put = [&](std::size_t at, const std::string& bytes) {
    header.replace(at, bytes.size(), bytes);
  };
  put(0, little(540, 4) + std::string("n+2\0\r\n\x1a\n", 8) + little(4, 2) + little(16, 2));
  put(16, wide(3) + wide(3) + wide(2) + wide(2));
  put(168, wide(544));
  return header + voxels();
}

TEST_F(ImagesTest, Nifti2HeadersThatAreNone) {
  const auto edited = [&](std::size_t at, const std::string& bytes) {
    return folder_.write("ct.nii", nifti_2().replace(at, bytes.size(), bytes)).string();
  };
  expect_voxels(edited(0, ""));
  expect(edited(8, "\n"), ErrorCode::kIo, "its line ends were changed");
  expect(edited(32, wide(0, 1)), ErrorCode::kBadVolume, "4294967296");
  expect(edited(168, wide(352)), ErrorCode::kIo, "expected 544 or more");
  expect(edited(4, "ni2"), ErrorCode::kBadVolume, "the voxels are in a file of their own");
  expect(folder_.write("ct.nii", nifti_2().substr(0, 543)).string(), ErrorCode::kIo,
         "its header has 543 of 544 bytes");
  expect(folder_.write("ct.nii", nifti_2().substr(0, 347)).string(), ErrorCode::kIo,
         "its header has 347 of 348 bytes");
}

TEST_F(ImagesTest, NiftiPairs) {
  std::string header = nifti("").replace(344, 3, "ni1").replace(108, 4, little(0, 4));
  const std::string at_img = (folder_.path() / "ct.img").string();
  folder_.write("ct.img", voxels());
  expect(at_img, ErrorCode::kIo, "its header 'ct.hdr' was not found");
  const std::string path = folder_.write("ct.hdr", header.substr(0, 348)).string();
  expect_voxels(path);
  expect_voxels(at_img);
  folder_.write("ct.img", gzipped(voxels()));  // the content counts
  expect_voxels(path);
  folder_.write("ct.img", voxels() + "x");
  expect(path, ErrorCode::kBadVolume, "ct.img contains 25 bytes of voxels");
  std::filesystem::remove(at_img);
  expect(path, ErrorCode::kIo, "its file of voxels 'ct.img' was not found");
  folder_.write("CT.IMG.GZ", gzipped(voxels()));
  folder_.write("CT.HDR", header);
  expect_voxels((folder_.path() / "CT.IMG.GZ").string());
  expect(folder_.write("a.hdr", std::string(header).replace(344, 3, "   ")).string(),
         ErrorCode::kBadVolume, "does not say how the patient lies");
}

/// The content names the file, whatever its suffix.
TEST_F(ImagesTest, FilesOfAnotherKind) {
  const auto kind = [&](const std::string& content, const char* name, const char* reason) {
    expect(folder_.write(name, content).string(), ErrorCode::kIo, reason);
  };
  kind("NRRD0004\n", "ct.nii", "it is an NRRD file, and not what its name says");
  kind("NRRD0004\n", "ct.mha", "it is an NRRD file");
  kind("ObjectType = Image\n", "ct.nrrd", "it is a MetaImage file");
  kind(nifti(), "ct.nrrd", "it is a NIfTI file");
  kind(nifti_2(), "ct.mha", "it is a NIfTI file");
  kind(gzipped("NDims = 3\n"), "ct.mha", "it is a gzip file");
  kind(std::string(128, '\0') + "DICM", "ct.nii.gz", "it is a DICOM file");
  kind("version https://git-lfs.github.com/spec/v1\n", "ct.mhd", "it is a Git LFS pointer");
  kind("<!DOCTYPE html>", "ct.nii.gz", "it is a web page");
  kind("BZh9", "ct.nii", "it is a bzip2 file");
  kind(
      "\xfd"
      "7zXZ",
      "ct.nii", "it is an xz file");
  kind("# vtk DataFile Version 3.0\n", "ct.nii", "it is a VTK file");
  kind("\x89HDF", "ct.nii", "it is an HDF5 file");
  kind("CDF\1", "ct.nii", "it is a netCDF file");
  kind("\x93NUMPY", "ct.nii", "it is an array of NumPy");
  kind("ENVI\n", "ct.hdr", "it is an ENVI header");
  kind("", "ct.nii", "it is empty");
  kind(std::string(128, '\0') + "DICM", "alone.img", "damaged or truncated DICOM file");
  kind(nifti(), "alone.img", "it is a NIfTI file, and not what its name says");
  expect(folder_.write("ct.nii.gz", "PK\3\4").string(), ErrorCode::kInvalidArgument,
         "a zip archive, which this library does not open");
}

TEST_F(ImagesTest, NamesOfFilesOfAnotherKind) {
  const auto kind = [&](const char* name, const char* reason) {
    expect(folder_.write(name, "x").string(), ErrorCode::kInvalidArgument, reason);
  };
  kind("CT.GIPL", "a GIPL image; convert it");
  kind("ct.vtk", "a VTK image");
  kind("ct.mnc", "a MINC image");
  kind("ct.raw", "voxels without a header; pass the header beside it");
  kind("ct.mha.gz", "a file that was compressed as a whole; unpack it first (gunzip)");
  kind("ct.npy", "an array of NumPy");
  kind("ct.xyz", "unknown kind of file; expected one of .mhd, .mha, .nii, .nii.gz, .hdr, .hdr.gz,");
}

TEST_F(ImagesTest, SuffixesInAnyCase) {
  expect_voxels(folder_.write("CT.NII", nifti()).string());
  expect_voxels(folder_.write("CT.Nii.GZ", gzipped(nifti())).string());
  expect_voxels(folder_.write("CT.MHA", kHeader + "ElementDataFile = LOCAL\n" + voxels()).string());
}

}  // namespace
}  // namespace lungrt
