#include "io/images/file_kinds.h"

#include <algorithm>
#include <array>

#include "io/byte_source.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using namespace std::string_view_literals;

/// Bytes at an offset that tell a kind of file.
struct Mark {
  std::size_t at;
  std::string_view bytes;
  std::string_view kind, advice;
};

constexpr std::string_view kRename = "give it the suffix of its format";
constexpr std::string_view kConvert = "convert it to .nii.gz or .nrrd";

constexpr std::array<Mark, 20> kMarks{{
    {0, "NRRD0"sv, "an NRRD file", kRename},
    {344, "n+1\0"sv, "a NIfTI file", kRename},
    {344, "ni1\0"sv, "a NIfTI file", kRename},
    {4, "n+2\0"sv, "a NIfTI file", kRename},
    {4, "ni2\0"sv, "a NIfTI file", kRename},
    {0, "ObjectType"sv, "a MetaImage file", kRename},
    {128, "DICM"sv, "a DICOM file", "pass the folder with all slices of its series"},
    {0, "\x1f\x8b"sv, "a gzip file", "unpack it first (gunzip)"},
    {0, "BZh"sv, "a bzip2 file", "unpack it first (bunzip2)"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "an xz file", "unpack it first (unxz)"},
    {0, "PK\3\4"sv, "a zip archive", "unpack it first, or give it the suffix .zip"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer", "run 'git lfs pull' to get the file"},
    {0, "<!DOCTYPE"sv, "a web page", "download the file itself"},
    {0, "<!doctype"sv, "a web page", "download the file itself"},
    {0, "<html"sv, "a web page", "download the file itself"},
    {0, "# vtk DataFile"sv, "a VTK file", kConvert},
    {0, "\x89HDF"sv, "an HDF5 file (MINC 2 is one)", kConvert},
    {0, "CDF\1"sv, "a netCDF file (MINC 1 is one)", kConvert},
    {0, "\x93NUMPY"sv, "an array of NumPy", "load it in Python and pass it to lungrt.CtVolume"},
    {0, "ENVI"sv, "an ENVI header", kConvert},
}};

const Mark* mark_of(std::string_view content) {
  const auto* const found = std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& mark) {
    return content.size() >= mark.at && content.substr(mark.at).starts_with(mark.bytes);
  });
  return found == kMarks.end() ? nullptr : found;
}

/// A kind of file by its suffix.
struct Named {
  std::string_view suffix, kind, advice;
};

constexpr std::array<Named, 25> kNamed{{
    {".gipl", "a GIPL image", kConvert},
    {".gipl.gz", "a GIPL image", kConvert},
    {".vtk", "a VTK image", kConvert},
    {".vti", "a VTK image", kConvert},
    {".mnc", "a MINC image", kConvert},
    {".mnc.gz", "a MINC image", kConvert},
    {".mgz", "a FreeSurfer image", kConvert},
    {".mgh", "a FreeSurfer image", kConvert},
    {".nia", "a NIfTI image of text", kConvert},
    {".par", "a Philips PAR/REC image", kConvert},
    {".rec", "a Philips PAR/REC image", kConvert},
    {".h5", "an HDF5 file", kConvert},
    {".hdf5", "an HDF5 file", kConvert},
    {".tif", "a TIFF image, which does not say where voxels lie", "use the original CT"},
    {".tiff", "a TIFF image, which does not say where voxels lie", "use the original CT"},
    {".png", "a picture, which has no Hounsfield units", "use the original CT"},
    {".jpg", "a picture, which has no Hounsfield units", "use the original CT"},
    {".jpeg", "a picture, which has no Hounsfield units", "use the original CT"},
    {".npy", "an array of NumPy", "load it in Python and pass it to lungrt.CtVolume"},
    {".npz", "arrays of NumPy", "load them in Python and pass one to lungrt.CtVolume"},
    {".raw", "voxels without a header", "pass the header beside it (.mhd or .nhdr)"},
    {".zraw", "voxels without a header", "pass the header beside it (.mhd or .nhdr)"},
    {".raw.gz", "voxels without a header", "pass the header beside it (.mhd or .nhdr)"},
    {".gz", "a file that was compressed as a whole", "unpack it first (gunzip)"},
    {".bz2", "a file that was compressed as a whole", "unpack it first (bunzip2)"},
}};

}  // namespace

std::string_view content_kind(std::string_view first_bytes) {
  const Mark* const mark = mark_of(first_bytes);
  return mark == nullptr ? std::string_view{} : mark->kind;
}

void require_kind(const std::filesystem::path& path, std::initializer_list<std::string_view> own) {
  constexpr std::size_t kEnough = 512;
  FileWindow file(path);
  if (file.size() == 0) {
    throw Error(ErrorCode::kIo, path.string() +
                                    ": cannot be read (it is empty); copy or download "
                                    "it again");
  }
  const Mark* const mark = mark_of(file.bytes(0, kEnough));
  if (mark == nullptr || std::find(own.begin(), own.end(), mark->kind) != own.end()) return;
  throw Error(ErrorCode::kIo, path.string() + ": cannot be read (it is " + std::string(mark->kind) +
                                  ", and not what its name says); " + std::string(mark->advice));
}

std::string unread_kind(std::string_view name) {
  const auto* const found = std::find_if(kNamed.begin(), kNamed.end(), [&](const Named& named) {
    return name.ends_with(named.suffix);
  });
  if (found == kNamed.end()) return {};
  return std::string(found->kind) + "; " + std::string(found->advice);
}

bool is_gzip(const std::filesystem::path& path) {
  FileWindow file(path);
  return file.bytes(0, 2) == "\x1f\x8b"sv;
}

}  // namespace lungrt::io
