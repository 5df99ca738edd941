#include "io/images/voxel_data.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include "io/bunzip2.h"
#include "io/byte_source.h"
#include "io/images/text_voxels.h"
#include "io/inflate.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

std::uint64_t left_after(std::uint64_t bytes, std::uint64_t skipped) {
  return bytes - std::min(bytes, skipped);
}

std::uint64_t after_lines(FileWindow& file, std::uint64_t at, std::uint64_t lines) {
  constexpr std::size_t kChunk = 1 << 12;
  while (lines > 0 && at < file.size()) {
    const std::string_view chunk = file.bytes(at, kChunk);
    const std::size_t end = chunk.find('\n');
    at += end == std::string_view::npos ? chunk.size() : end + 1;
    lines -= end == std::string_view::npos ? 0 : 1;
  }
  return at;
}

/// One file with voxels: all of them, or an equal share.
class VoxelFile {
 public:
  /// \param wanted  bytes of voxels that the file should hold
  VoxelFile(const std::filesystem::path& header_path, const ImageHeader& header,
            const std::filesystem::path& file, std::uint64_t wanted)
      : path_(header_path), header_(header), name_(file), wanted_(wanted), file_(file) {
    begin_ = after_lines(file_, header.offset, header.skipped_lines);
  }

  /// Refuses a file that cannot hold the voxels, whatever is in it, so that a header that claims
  /// more does not cost memory.
  void check_claim() {
    const std::uint64_t size = left_after(file_.size(), begin_);
    switch (header_.encoding) {
      case VoxelEncoding::kRaw:
      case VoxelEncoding::kRawAtEnd:
        return check_raw();
      case VoxelEncoding::kZlib:
      case VoxelEncoding::kGzip: {
        const std::uint64_t most = left_after(size * kMostInflation, header_.skipped);
        if (most < wanted_) refuse_truncated("at most " + std::to_string(most), wanted_);
        return;
      }
      case VoxelEncoding::kBzip2:
        // There is no bound that helps: bzip2 makes 45 MB of zeros into 40 bytes.
        if (wanted_ > kMostInflation * size) decompress(nullptr);
        return;
      case VoxelEncoding::kText: {
        const std::uint64_t most = (size + 1) / 2;
        const std::uint64_t numbers = wanted_ / size_of(header_.type);
        if (most < numbers) refuse_truncated("at most " + std::to_string(most), numbers, "voxels");
        return;
      }
      case VoxelEncoding::kHex:
        if (size / 2 < wanted_) refuse_truncated("at most " + std::to_string(size / 2), wanted_);
        return;
    }
  }

  void read(char* target) {
    switch (header_.encoding) {
      case VoxelEncoding::kRaw:
      case VoxelEncoding::kRawAtEnd:
        return read_raw(target);
      case VoxelEncoding::kZlib:
      case VoxelEncoding::kGzip:
      case VoxelEncoding::kBzip2:
        return decompress(target);
      case VoxelEncoding::kText:
      case VoxelEncoding::kHex:
        return read_text(target);
    }
  }

 private:
  std::string subject() const { return name_ == path_ ? "it" : excerpt(name_.filename().string()); }

  [[noreturn]] void refuse_truncated(const std::string& found, std::uint64_t wanted,
                                     const char* unit = "bytes") const {
    const bool is_bytes = std::string_view(unit) == "bytes";
    throw Error(ErrorCode::kIo, path_.string() + ": truncated: " + subject() + " contains " +
                                    found + " of " + std::to_string(wanted) + " " + unit +
                                    (is_bytes ? " of voxels" : "") + "; copy or download it again");
  }

  [[noreturn]] void refuse_surplus(std::uint64_t found, std::uint64_t wanted,
                                   const char* unit = "bytes of voxels") const {
    throw Error(ErrorCode::kBadVolume,
                path_.string() + ": " + subject() + " contains " + std::to_string(found) + " " +
                    unit + ", but the header says " + std::to_string(wanted) + " (" +
                    std::to_string(size_of(header_.type)) +
                    " for each voxel). The type or the sizes in the header are wrong, or it is the "
                    "header of other voxels; convert the original again");
  }

  [[noreturn]] void refuse_damaged(const std::string& problem) const {
    throw Error(ErrorCode::kIo,
                path_.string() + ": truncated or damaged (" +
                    (name_ == path_ ? "" : excerpt(name_.filename().string()) + ": ") + problem +
                    "); copy or download it again");
  }

  /// Offset of raw voxels. Where they end the file, what is before them is a header of another
  /// kind, and no voxels: neither in the header's own file, nor as long as slices.
  std::uint64_t first_raw_byte() const {
    const std::uint64_t size = file_.size();
    if (header_.encoding == VoxelEncoding::kRaw) return begin_ + header_.skipped;
    const std::uint64_t first = std::max(left_after(size, wanted_), std::min(size, begin_));
    const std::uint64_t before = first - std::min(first, begin_);
    const std::uint64_t slice =
        static_cast<std::uint64_t>(header_.shape.slice_voxels()) * size_of(header_.type);
    if (before > 0 && (name_ == path_ || before % slice == 0)) {
      refuse_surplus(before + wanted_, wanted_);
    }
    return first;
  }

  void check_raw() const {
    const std::uint64_t available = left_after(file_.size(), first_raw_byte());
    if (available < wanted_) refuse_truncated(std::to_string(available), wanted_);
    if (available > wanted_) refuse_surplus(available, wanted_);
  }

  void read_raw(char* target) const {
    const std::uint64_t found =
        file_.read_at(first_raw_byte(), target, static_cast<std::size_t>(wanted_));
    if (found < wanted_) refuse_truncated(std::to_string(found), wanted_);
  }

  std::unique_ptr<Decompressor> decompressor() {
    if (header_.encoding == VoxelEncoding::kBzip2) {
      try {
        return std::make_unique<Bunzip2>(file_, begin_);
      } catch (const std::runtime_error& error) {  // its library is missing
        refuse_header(path_, error.what());
      }
    }
    return std::make_unique<Inflater>(
        file_, begin_,
        header_.encoding == VoxelEncoding::kGzip ? Compression::kGzip : Compression::kZlibOrGzip);
  }

  /// Decompresses to the end of the data, where the checksum is.
  /// \param target  may be null, to count only
  void decompress(char* target) {
    const std::unique_ptr<Decompressor> data = decompressor();
    try {
      data->skip(header_.skipped);
      const std::uint64_t found = target == nullptr
                                      ? data->skip(wanted_)
                                      : data->read(target, static_cast<std::size_t>(wanted_));
      if (found < wanted_) refuse_truncated(std::to_string(found), wanted_);
      const std::uint64_t more = data->skip(std::numeric_limits<std::uint64_t>::max());
      if (more > 0) refuse_surplus(wanted_ + more, wanted_);
      check_compressed_bytes(data->taken());
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error& error) {
      refuse_damaged(error.what());
    }
  }

  void check_compressed_bytes(std::uint64_t taken) const {
    if (header_.compressed_bytes.value_or(taken) < taken) {
      throw Error(ErrorCode::kIo,
                  path_.string() + ": its compressed voxels have " + std::to_string(taken) +
                      " bytes, but its CompressedDataSize is " +
                      std::to_string(*header_.compressed_bytes) + "; convert the original again");
    }
    const std::uint64_t available = left_after(file_.size(), begin_);
    if (available > taken) {
      throw Error(ErrorCode::kBadVolume,
                  path_.string() + ": " + subject() + " contains " +
                      std::to_string(available - taken) + " bytes after the " +
                      std::to_string(taken) +
                      " bytes of compressed voxels, which may be voxels too; convert the original "
                      "again");
    }
  }

  void read_text(char* target) {
    const bool is_hex = header_.encoding == VoxelEncoding::kHex;
    const std::uint64_t wanted = is_hex ? wanted_ : wanted_ / size_of(header_.type);
    const std::uint64_t at = begin_ + header_.skipped;
    try {
      const std::uint64_t found = is_hex ? read_hex(file_, at, target, wanted)
                                         : read_numbers(file_, at, header_.type, target, wanted);
      const char* const unit = is_hex ? "bytes" : "voxels";
      if (found < wanted) refuse_truncated(std::to_string(found), wanted, unit);
      if (found > wanted) refuse_surplus(found, wanted, is_hex ? "bytes of voxels" : unit);
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error& error) {
      refuse_damaged(error.what());
    }
  }

  const std::filesystem::path& path_;
  const ImageHeader& header_;
  const std::filesystem::path& name_;
  std::uint64_t wanted_;
  FileWindow file_;
  std::uint64_t begin_ = 0;  ///< where voxels or compressed data begin, after lines
};

}  // namespace

std::shared_ptr<void> read_voxel_data(const std::filesystem::path& path,
                                      const ImageHeader& header) {
  const std::uint64_t total =
      static_cast<std::uint64_t>(header.shape.voxels()) * size_of(header.type);
  const std::uint64_t share = total / header.files.size();
  for (const std::filesystem::path& file : header.files) {
    VoxelFile(path, header, file, share).check_claim();
  }
  // Not filled. Pages that are never written take no memory.
  const std::shared_ptr<void> voxels(::operator new(static_cast<std::size_t>(total)),
                                     [](void* memory) { ::operator delete(memory); });
  auto* target = static_cast<char*>(voxels.get());
  for (const std::filesystem::path& file : header.files) {
    VoxelFile(path, header, file, share).read(target);
    target += share;
  }
  return voxels;
}

}  // namespace lungrt::io
