#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "io/dicom/codec.h"
#include "io/dicom/slice.h"
#include "io/utf8.h"
#include "memory_file.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

constexpr std::int64_t kMostPixels = 1 << 20;
constexpr std::size_t kMostSlices = 16;

/// Stands for the libraries that decode pixels: checks that what they would get is a sound file.
class CheckingCodec final : public io::Codec {
 public:
  std::vector<std::int64_t> decode(const io::DicomSlice& slice, std::string file,
                                   std::int64_t pixels) const override {
    static const MemoryFile composed{"frame.dcm"};
    composed.write(file);
    const std::vector<io::DicomSlice> found = io::read_slices(composed.path("frame.dcm"));
    check(found.size() == 1, "a file of one slice");
    io::require_readable(found[0]);
    check(found[0].rows == slice.rows && found[0].columns == slice.columns, "its size");
    check(found[0].pixels.bits_stored >= slice.pixels.bits_stored, "its bits");
    return std::vector<std::int64_t>(static_cast<std::size_t>(pixels));
  }
};

void check_texts(const io::DicomSlice& slice) {
  for (const std::string& text :
       {slice.description, slice.patient_id, slice.kernel, slice.series_uid, slice.modality}) {
    check(io::printable(text) == text, "a text that cannot be shown");
  }
}

void check_pixels(const io::DicomSlice& slice, const SliceHeader& header) {
  const std::int64_t pixels = header.rows * header.columns;
  if (pixels > kMostPixels) return;
  std::vector<std::int16_t> hu(static_cast<std::size_t>(pixels));
  accepts({ErrorCode::kIo, ErrorCode::kBadVolume}, [&] {
    const io::Plane plane = io::read_plane(slice, pixels, hu.data(), CheckingCodec());
    check(plane.fractional.empty() || plane.fractional.size() == hu.size(), "all pixels");
    check(io::slice_notes({&slice}, {plane}).size() <= 8, "few notes");
    const io::Plane other = io::read_plane(slice, pixels, CheckingCodec());
    check(other.fractional == plane.fractional, "the same pixels");
    check(!plane.fractional.empty() || other.hu == hu, "the same pixels");
  });
}

}  // namespace

void dicom(std::string_view input) {
  static const MemoryFile file{"slice.dcm"};
  file.write(input);
  accepts({ErrorCode::kIo}, [&] {
    const std::vector<io::DicomSlice> slices = io::read_slices(file.path("slice.dcm"));
    for (std::size_t i = 0; i < std::min(slices.size(), kMostSlices); ++i) {
      check_texts(slices[i]);
      accepts({ErrorCode::kIo, ErrorCode::kBadVolume},
              [&] { check_pixels(slices[i], io::slice_header(slices[i])); });
    }
  });
}

}  // namespace lungrt::fuzz
