#include "io/images/nifti_header.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "io/byte_source.h"
#include "io/images/file_kinds.h"
#include "io/images/header.h"
#include "io/images/text_header.h"
#include "io/inflate.h"
#include "lungrt/error.h"

namespace lungrt::io::nifti {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kBytes1 = kHeaderBytes, kBytes2 = 540;
constexpr std::size_t kMagic2 = 4;  // where version 2 has its magic
/// What follows the magic of version 2: a transfer as text would change it.
constexpr std::string_view kLineEnds = "\0\r\n\x1a\n"sv;

/// Offsets of fields that the versions have at different places.
struct Layout {
  std::size_t dim, intent, datatype, pixdim, voxel_offset, slope, intercept, units, qform, sform,
      quatern, qoffset, srow;
};
constexpr Layout kLayout1{kDim,      kIntentCode, kDatatype,  kPixdim,    kVoxOffset,
                          kSclSlope, kSclInter,   kXyztUnits, kQformCode, kSformCode,
                          kQuatern,  kQoffset,    kSrow};
constexpr Layout kLayout2{16, 504, 12, 104, 168, 176, 184, 500, 344, 348, 352, 376, 400};

/// The bytes of a header, of either byte order.
class Fields {
 public:
  Fields(std::string_view bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}

  template <typename T>
  T get(std::size_t at, std::size_t index = 0) const {
    std::array<char, sizeof(T)> value;
    const auto* const first = bytes_.data() + at + index * sizeof(T);
    std::copy(first, first + sizeof(T), value.begin());
    if (swapped_) std::reverse(value.begin(), value.end());
    return std::bit_cast<T>(value);
  }

 private:
  std::string_view bytes_;
  bool swapped_;
};

template <typename Size, typename Real, typename Code, typename Units, typename Offset>
Header parsed(const Fields& fields, const Layout& at) {
  Header header;
  for (std::size_t i = 0; i < 8; ++i) {
    header.dim[i] = fields.get<Size>(at.dim, i);
    header.pixdim[i] = static_cast<double>(fields.get<Real>(at.pixdim, i));
  }
  header.intent = fields.get<Code>(at.intent);
  header.datatype = fields.get<std::int16_t>(at.datatype);
  header.voxel_offset = static_cast<double>(fields.get<Offset>(at.voxel_offset));
  header.slope = static_cast<double>(fields.get<Real>(at.slope));
  header.intercept = static_cast<double>(fields.get<Real>(at.intercept));
  header.units = static_cast<int>(fields.get<Units>(at.units));
  header.qform = fields.get<Code>(at.qform);
  header.sform = fields.get<Code>(at.sform);
  for (std::size_t i = 0; i < 3; ++i) {
    header.quatern[i] = static_cast<double>(fields.get<Real>(at.quatern, i));
    header.qoffset[i] = static_cast<double>(fields.get<Real>(at.qoffset, i));
  }
  for (std::size_t i = 0; i < 12; ++i) {
    header.srow[i / 4][i % 4] = static_cast<double>(fields.get<Real>(at.srow, i));
  }
  return header;
}

/// The first bytes of a file, at most as many as a header takes.
std::string first_bytes(const std::filesystem::path& path, bool compressed) {
  FileWindow file(path);
  std::string bytes(first_voxel(2), '\0');
  if (!compressed) {
    bytes = file.bytes(0, bytes.size());
    return bytes;
  }
  try {
    Inflater inflater(file, 0, Compression::kGzip);
    bytes.resize(inflater.read(bytes.data(), bytes.size()));
  } catch (const Error&) {
    throw;  // names the file
  } catch (const std::runtime_error& error) {
    refuse_unreadable(path, error.what());
  }
  return bytes;
}

void require_bytes(const std::filesystem::path& path, std::size_t found, std::size_t wanted) {
  if (found >= wanted) return;
  refuse_unreadable(
      path, "its header has " + std::to_string(found) + " of " + std::to_string(wanted) + " bytes");
}

Header parsed_version_1(const std::filesystem::path& path, const std::string& bytes,
                        const Fields& fields) {
  const std::string_view magic = std::string_view(bytes).substr(0, kBytes1).substr(kMagic);
  const bool is_pair = magic == "ni1\0"sv;
  if (!is_pair && magic != "n+1\0"sv) {
    refuse_unsupported(
        path,
        "its header has neither the magic n+1 nor ni1 of NIfTI. It is one of Analyze "
        "7.5, which does not say how the patient lies");
  }
  require_bytes(path, bytes.size(), is_pair ? kBytes1 : first_voxel(1));
  Header header = parsed<std::int16_t, float, std::int16_t, std::uint8_t, float>(fields, kLayout1);
  header.version = 1;
  header.is_pair = is_pair;
  return header;
}

Header parsed_version_2(const std::filesystem::path& path, const std::string& bytes,
                        const Fields& fields) {
  const std::string_view magic = std::string_view(bytes).substr(kMagic2);
  const bool is_pair = magic.starts_with("ni2");
  if (!is_pair && !magic.starts_with("n+2")) {
    refuse_unreadable(path, "its header has neither the magic n+2 nor ni2 of NIfTI-2");
  }
  if (!magic.substr(3).starts_with(kLineEnds)) {
    refuse_unreadable(path, "its line ends were changed, as a transfer in text mode does");
  }
  require_bytes(path, bytes.size(), is_pair ? kBytes2 : first_voxel(2));
  Header header =
      parsed<std::int64_t, double, std::int32_t, std::int32_t, std::int64_t>(fields, kLayout2);
  header.version = 2;
  header.is_pair = is_pair;
  return header;
}

constexpr const char* kHeader = ".hdr";
constexpr const char* kVoxels = ".img";

/// Name of a file that has another suffix, maybe compressed, in the case of the first one.
std::vector<std::string> siblings(const std::string& name, std::string_view from,
                                  std::string_view to) {
  const std::string small = lower(name);
  const bool compressed = small.ends_with(".gz");
  const std::size_t length = from.size() + (compressed ? 3 : 0);
  const std::string stem = name.substr(0, name.size() - length);
  const bool is_upper = name[stem.size() + 1] != small[stem.size() + 1];
  std::vector<std::string> names;
  for (const bool in_upper : {is_upper, !is_upper}) {
    for (const bool packed : {compressed, !compressed}) {
      std::string suffix = std::string(to) + (packed ? ".gz" : "");
      if (in_upper) {
        for (char& c : suffix) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      }
      names.push_back(stem + suffix);
    }
  }
  return names;
}

std::filesystem::path sibling(const std::filesystem::path& path, std::string_view from,
                              std::string_view to, const char* what) {
  const std::vector<std::string> names = siblings(path.filename().string(), from, to);
  for (const std::string& name : names) {
    std::error_code failure;
    const std::filesystem::path found = path.parent_path() / name;
    if (std::filesystem::is_regular_file(found, failure)) return found;
  }
  // Whole images of other formats have the suffix of voxels too.
  if (from == kVoxels) require_kind(path, {"a gzip file"});
  throw Error(ErrorCode::kIo, path.string() + ": cannot be read: its " + what + " '" + names[0] +
                                  "' was not found; copy it into the same folder");
}

bool has_suffix(const std::filesystem::path& path, const std::string& suffix) {
  const std::string name = lower(path.filename().string());
  return name.ends_with(suffix) || name.ends_with(suffix + ".gz");
}

}  // namespace

std::size_t first_voxel(int version) { return version == 1 ? kFirstVoxel : kBytes2 + 4; }

Header read_header(const std::filesystem::path& path) {
  require_kind(path, {"a NIfTI file", "a gzip file"});
  const bool compressed = is_gzip(path);
  const std::string bytes = first_bytes(path, compressed);
  if (compressed && bytes.starts_with("\x1f\x8b")) {
    refuse_unreadable(path, "it was compressed by gzip twice; unpack it once");
  }
  require_bytes(path, bytes.size(), kBytes1);
  for (const bool swapped : {false, true}) {
    const Fields fields(bytes, swapped);
    const auto size = static_cast<std::size_t>(fields.get<std::int32_t>(0));
    if (size != kBytes1 && size != kBytes2) continue;
    Header header = size == kBytes1 ? parsed_version_1(path, bytes, fields)
                                    : parsed_version_2(path, bytes, fields);
    header.big_endian = swapped == (std::endian::native == std::endian::little);
    header.compressed = compressed;
    return header;
  }
  refuse_unreadable(path, "it does not begin with the size of a NIfTI header");
}

std::filesystem::path header_of_pair(const std::filesystem::path& path) {
  return has_suffix(path, kVoxels) ? sibling(path, kVoxels, kHeader, "header") : path;
}

std::filesystem::path voxels_of_pair(const std::filesystem::path& header) {
  if (!has_suffix(header, kHeader)) {
    refuse_header(
        header,
        "its header says that the voxels are in a file of their own (magic ni1 or ni2, "
        "not n+1 or n+2), as it is for the files .hdr and .img; rename it, or convert the "
        "original again");
  }
  return sibling(header, kHeader, kVoxels, "file of voxels");
}

}  // namespace lungrt::io::nifti
