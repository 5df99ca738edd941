/// Small image files, and what reading them gives.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "expect_error.h"
#include "io/compressed_bytes.h"
#include "io/dicom_bytes.h"
#include "lungrt/io.h"
#include "temp_folder.h"

namespace lungrt::testing {

/// Voxels 0, 1, ... of 2 slices of 2 x 3.
inline std::string voxels() {
  std::string result;
  for (std::uint32_t i = 0; i < 12; ++i) result += little(i, 2);
  return result;
}

inline const std::string kHeader =
    "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT\n";
inline const std::string kBinary = "BinaryData = True\nBinaryDataByteOrderMSB = False\n";
inline const std::string kCompressed = kBinary + "CompressedData = True\n";

/// A NIfTI-1 file of the voxels, or of others.
inline std::string nifti(const std::string& content = voxels()) {
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

}  // namespace lungrt::testing
