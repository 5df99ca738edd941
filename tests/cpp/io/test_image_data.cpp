#include <filesystem>
#include <iterator>
#include <string>

#include "io/image_files.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

using ImageDataTest = ImagesTest;

TEST_F(ImageDataTest, MetaImageThatIsNotWhole) {
  expect(meta_image(kBinary, "LOCAL", voxels().substr(1)), ErrorCode::kIo,
         "contains 23 of 24 bytes of voxels");
  expect(meta_image(kBinary, "nothing.raw"), ErrorCode::kIo, "'nothing.raw' was not found");
  std::filesystem::create_directory(folder_.path() / "folder");
  expect(meta_image(kBinary, "folder"), ErrorCode::kIo, "'folder' is not a regular file");
  std::filesystem::create_symlink("circle", folder_.path() / "circle");
  expect(meta_image(kBinary, "circle"), ErrorCode::kIo,
         "'circle' cannot be read (Too many levels of symbolic links)");
  expect(meta_image(kBinary, "\x1B[31m" + std::string(200, 'x')), ErrorCode::kIo,
         ("\\x1b[31m" + std::string(72, 'x') + "...' was not found").c_str());
  // All of a short file's bytes are fewer than the voxels, wherever these end.
  const std::string fields = "NDims = 3\nDimSize = 300 2 2\nElementType = MET_SHORT\n";
  expect(folder_.write("ct.mha", fields + "HeaderSize = -1\nElementDataFile = LOCAL\n" + voxels())
             .string(),
         ErrorCode::kIo, "contains 24 of 2400 bytes of voxels");
  expect(meta_image(kBinary, ""), ErrorCode::kIo, "data file '' is not a regular file");
}

TEST_F(ImageDataTest, CompressedMetaImageThatIsNotWhole) {
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
TEST_F(ImageDataTest, CompressedMetaImageWithoutItsSize) {
  expect_voxels(meta_image(kCompressed, "LOCAL", compressed(voxels())));
  folder_.write("ct.zraw", "header" + compressed(voxels()));
  expect_voxels(meta_image(kCompressed + "HeaderSize = 6\n", "ct.zraw"));
}

/// A header's claims cost no memory unless the file can keep them.
TEST_F(ImageDataTest, SizesBeyondTheFile) {
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

TEST_F(ImageDataTest, NrrdHeaderWhoseVoxelsAreNotWhole) {
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

TEST_F(ImageDataTest, NiftiThatIsNotWhole) {
  const auto file = [&](const std::string& content, const char* name = "ct.nii") {
    return folder_.write(name, content).string();
  };
  expect(file(nifti().substr(0, 351)), ErrorCode::kIo, "its header has 351 of 352 bytes");
  expect(file(nifti().substr(0, 375)), ErrorCode::kIo, "it contains 23 of 24 bytes of voxels");
  const char* const packed = "ct.nii.gz";
  const std::string whole = gzipped(nifti());
  expect_voxels(file(whole, packed));
  expect(file(gzipped(nifti() + "more"), packed), ErrorCode::kBadVolume, "contains 28 bytes");
  expect_voxels(file(gzipped(nifti().substr(0, 100)) + gzipped(nifti().substr(100)), packed));
  expect(file(gzipped(nifti().substr(0, 375)), packed), ErrorCode::kIo, "23 of 24 bytes");
  expect(file(whole.substr(0, whole.size() - 1), packed), ErrorCode::kIo, "are incomplete");
  expect(file(whole.substr(0, 30), packed), ErrorCode::kIo, "are incomplete");
  expect(file(whole + "more", packed), ErrorCode::kIo, "other bytes follow its compressed data");
  expect_voxels(file(nifti(), packed));  // the content counts, and not the name
  expect_voxels(file(whole));
  expect(file(gzipped(whole), packed), ErrorCode::kIo, "it was compressed by gzip twice");
  std::string damaged = whole;
  damaged[damaged.size() - 5] ^= 1;  // part of the checksum
  expect(file(damaged, packed), ErrorCode::kIo, "incorrect data check");
}

/// More voxels than the header says would be other voxels than the header's, read as noise.
TEST_F(ImageDataTest, MoreThanTheHeaderSays) {
  const std::string more = voxels() + voxels();
  const auto refuse = [&](const std::string& path, const char* reason) {
    expect(path, ErrorCode::kBadVolume, reason);
  };
  refuse(meta_image(kBinary, "LOCAL", more),
         "it contains 48 bytes of voxels, but the header says 24");
  refuse(meta_image(kBinary, "LOCAL", voxels() + "x"), "it contains 25 bytes of voxels");
  folder_.write("ct.raw", more);
  refuse(meta_image(kBinary, "ct.raw"), "ct.raw contains 48 bytes of voxels");
  refuse(meta_image(kBinary + "HeaderSize = 6\n", "ct.raw"), "ct.raw contains 42 bytes of voxels");
  refuse(compressed_image(compressed(more).size(), compressed(more)), "it contains 48 bytes");
  refuse(meta_image(kCompressed, "LOCAL", compressed(voxels()) + "more"),
         "it contains 4 bytes after the 29 bytes of compressed voxels");
  refuse(folder_.write("ct.nii", nifti(more)).string(), "it contains 48 bytes of voxels");
  refuse(nrrd_header("encoding: raw\n\n" + more), "it contains 48 bytes of voxels");
  refuse(nrrd_header("encoding: raw\ndata file: ct.raw\n"), "ct.raw contains 48 bytes");
  refuse(nrrd_header("encoding: gzip\n\n" + gzipped(more)), "it contains 48 bytes of voxels");
  refuse(nrrd_header("encoding: ascii\n\n0 1 2 3 4 5 6 7 8 9 10 11 12 13"),
         "it contains 14 voxels, but the header says 12");
  refuse(nrrd_header("encoding: hex\n\n" + std::string(50, '0')), "it contains 25 bytes of voxels");
}

/// What is before voxels at the end of a file is a header of another kind, unless it is voxels.
TEST_F(ImageDataTest, MoreBeforeVoxelsAtTheEnd) {
  const char* const size = "HeaderSize = -1\n";
  expect_voxels(meta_image(size, "LOCAL", voxels()));
  expect(meta_image(size, "LOCAL", "x" + voxels()), ErrorCode::kBadVolume, "it contains 25 bytes");
  folder_.write("ct.raw", std::string(13, 'x') + voxels());
  expect_voxels(meta_image(size, "ct.raw"));
  folder_.write("ct.raw", std::string(12, 'x') + voxels());  // 12 bytes are a slice
  expect(meta_image(size, "ct.raw"), ErrorCode::kBadVolume, "ct.raw contains 36 bytes of voxels");
  expect(nrrd_header("encoding: raw\nbyte skip: -1\ndata file: ct.raw\n"), ErrorCode::kBadVolume,
         "ct.raw contains 36 bytes of voxels");
}

constexpr const char* kNumbers = "0 1 2 3 4 5 6 7 8 9 10 11";

TEST_F(ImageDataTest, Text) {
  const std::string text = kNumbers;
  expect_voxels(meta_image("BinaryData = False\n", "LOCAL", text + "\n"));
  expect_voxels(nrrd_header("encoding: ascii\n\n" + text));
  expect_voxels(nrrd_header("encoding: TXT\n\n 0,1,2\n3, 4 ,5\t6 7 8 9 10 +11,"));
  folder_.write("ct.txt", "a line\n" + text);
  expect_voxels(nrrd_header("encoding: text\nline skip: 1\ndata file: ct.txt\n"));
  expect_voxels(nrrd_header("encoding: text\nbyte skip: 7\ndata file: ct.txt\n"));
  // Words on both sides of what is read at once.
  expect_voxels(nrrd_header("encoding: text\n\n" + std::string(65530, ' ') + text));
  const auto refuse = [&](const std::string& words, const char* reason) {
    expect(nrrd_header("encoding: text\n\n" + words), ErrorCode::kIo, reason);
  };
  refuse("0 1 2 3 4 5 6 7 8 9 10", "it contains at most 11 of 12 voxels");
  refuse("10 11 12 13 14 15 16 17", "it contains 8 of 12 voxels");
  refuse(text + "x", "it has '11x' where an integer of the voxels' type was expected");
  refuse("0 1 2 3 4 5 6 7 8 9 10 1.5", "it has '1.5' where an integer");
  refuse("0 1 2 3 4 5 6 7 8 9 10 40000", "it has '40000' where an integer");
  refuse(std::string(1 << 17, '1'), "it has a word that is too long for a number");
  expect(meta_image("BinaryData = False\nCompressedData = True\n", "LOCAL", text),
         ErrorCode::kBadVolume, "its voxels are compressed text");
  expect(meta_image("BinaryData = False\nHeaderSize = -1\n", "LOCAL", text), ErrorCode::kBadVolume,
         "its voxels are stored as text and at the end of a file");
}

TEST_F(ImageDataTest, Hexadecimal) {
  const std::string digits = "0000 0100 0200 0300 0400 0500\n060007000800 0900 0A00 0b0 0\n";
  expect_voxels(nrrd_header("encoding: hex\n\n" + digits));
  const auto refuse = [&](const std::string& words, const char* reason) {
    expect(nrrd_header("encoding: hex\n\n" + words), ErrorCode::kIo, reason);
  };
  refuse(digits.substr(4), "it contains 22 of 24 bytes");
  refuse(digits.substr(40), "it contains at most 9 of 24 bytes");
  refuse("g" + digits, "it has 'g' where a hexadecimal digit was expected");
}

TEST_F(ImageDataTest, LinesAndBytesBeforeVoxels) {
  folder_.write("ct.raw", "a line\n\nabc" + voxels());
  expect_voxels(nrrd_header("encoding: raw\nline skip: 2\nbyte skip: 3\ndata file: ct.raw\n"));
  expect_voxels(nrrd_header("encoding: gzip\nline skip: 1\nbyte skip: 3\n\nline\n" +
                            gzipped("abc" + voxels())));
  expect(nrrd_header("encoding: raw\nline skip: 9\n\n" + voxels()), ErrorCode::kIo,
         "it contains 0 of 24 bytes of voxels");
}

TEST_F(ImageDataTest, FilesOfOneSlice) {
  folder_.write("slice1.raw", voxels().substr(0, 12));
  folder_.write("slice2.raw", voxels().substr(12));
  expect_voxels(meta_image(kBinary, "LIST", "slice1.raw\nslice2.raw\n"));
  expect_voxels(meta_image(kBinary, "LIST 2", "\r\nslice1.raw\r\n\r\nslice2.raw"));
  expect_voxels(meta_image(kBinary, "slice%d.raw 1 2 1"));
  expect_voxels(nrrd_header("encoding: raw\ndata file: LIST\nslice1.raw\nslice2.raw\n"));
  expect_voxels(nrrd_header("encoding: raw\ndata file: slice%d.raw 1 2 1\n"));
  expect_voxels(nrrd_header("encoding: raw\ndata file: slice%01u.raw 1 2 1 2\n"));
  expect_voxels(nrrd_header("encoding: raw\ndata file: LIST 3\nslice1.raw\nslice2.raw\n"));
  folder_.write("a-03.gz", gzipped(voxels().substr(12)));
  folder_.write("a  -3.gz", gzipped(voxels().substr(12)));
  folder_.write("a0-01.gz", gzipped(voxels().substr(0, 12)));
  folder_.write("a0001.gz", gzipped(voxels().substr(0, 12)));
  folder_.write("a-003.gz", gzipped(voxels().substr(12)));
  expect_voxels(nrrd_header("encoding: gzip\ndata file: a%04d.gz 1 -3 -4\n"));
  folder_.write("a 50% dose.raw", voxels());
  expect_voxels(meta_image(kBinary, "a 50% dose.raw"));
}

TEST_F(ImageDataTest, FilesOfOneSliceThatAreNotWhole) {
  folder_.write("slice1.raw", voxels().substr(0, 12));
  folder_.write("slice2.raw", voxels().substr(13));
  const auto refuse = [&](const std::string& data, ErrorCode code, const char* reason) {
    expect(nrrd_header("encoding: raw\ndata file: " + data + "\n"), code, reason);
  };
  const auto bad = ErrorCode::kBadVolume, io = ErrorCode::kIo;
  refuse("LIST\nslice1.raw\nslice2.raw", io, "slice2.raw contains 11 of 12 bytes of voxels");
  refuse("LIST\nslice1.raw\nnothing.raw", io, "'nothing.raw' was not found");
  refuse("LIST\nslice1.raw", bad, "its voxels are in 1 files, but its sizes need 2");
  refuse("LIST 1\nslice1.raw\nslice2.raw", bad, "in 2 files, but its sizes need 4");
  refuse("LIST 3\nslice1.raw\nslice1.raw\nslice1.raw", bad,
         "its 2 slices cannot be shared by them equally");
  refuse("LIST 3\n", bad, "its voxels are in 0 files");
  refuse("slice%d.raw 1 3 1", bad, "in 3 files, but its sizes need 2");
  const char* const pattern = "expected a file's name, LIST, or a pattern";
  for (const char* wrong :
       {"LIST 0", "LIST 4", "LIST x", "LIST 2 2", "slice%d.raw 1 2 0", "slice%d.raw 1 2 -1",
        "slice%d.raw 1 x 1", "slice%s.raw 1 2 1", "slice%d%d.raw 1 2 1", "slice%99d.raw 1 2 1",
        "slice%.raw 1 2 1", "slice% 1 2", "slice%d.raw 1 2 1 5", "slice%d.raw 1 2 1 2 2",
        "slice%d.raw 1 99999999999 1", "slice%d.raw 0 70000 1"}) {
    refuse(wrong, io, pattern);
  }
  std::string names;
  for (int i = 0; i < (1 << 16) + 1; ++i) names += "x\n";
  refuse("LIST\n" + names, io, "its list names more than 65536 files");
  refuse("LIST\n" + std::string(1 << 20, 'x'), io, "its header is longer than 1 MiB");
}

/// What `bzip2` makes of the voxels. No library that tests link could do it.
constexpr char kBzip2Bytes[] =
    "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xcf\xbb\x42\x05\x00\x00\x00\xc0\x00\x7f"
    "\xf8\x20\x00\x22\x34\x00\x68\x40\xd0\x34\x0a\xa3\x3c\x4d\x5e\x6f\x1e\x01\x3c\x5d"
    "\xc9\x14\xe1\x42\x43\x3e\xed\x08\x14";
const std::string kBzip2(kBzip2Bytes, sizeof kBzip2Bytes - 1);

TEST_F(ImageDataTest, Bzip2) {
  const auto image = [&](const std::string& data) {
    return nrrd_header("encoding: bzip2\n\n" + data);
  };
  expect_voxels(image(kBzip2));
  expect(nrrd_header("encoding: bz2\n\n" + kBzip2 + kBzip2), ErrorCode::kBadVolume,
         "it contains 48 bytes of voxels, but the header says 24");
  expect(image(kBzip2.substr(0, kBzip2.size() - 1)), ErrorCode::kIo, "data are incomplete");
  expect(image(voxels()), ErrorCode::kIo, "its compressed data are damaged");
  expect(image(kBzip2 + "more"), ErrorCode::kIo, "other bytes follow its compressed data");
  expect(image(""), ErrorCode::kIo, "its compressed data are incomplete");
  // A header that claims more than deflate could hold is checked before memory is taken.
  expect(folder_
             .write("ct.nrrd",
                    "NRRD0004\ntype: short\ndimension: 3\nsizes: 1000 1000 4000\nendian: little\n"
                    "encoding: bzip2\n\n" +
                        kBzip2)
             .string(),
         ErrorCode::kIo, "it contains 24 of 8000000000 bytes of voxels");
}

}  // namespace
}  // namespace lungrt
