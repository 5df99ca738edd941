#include <gdcmAttribute.h>
#include <gdcmImageHelper.h>
#include <gdcmMediaStorage.h>
#include <gdcmReader.h>
#include <gdcmStringFilter.h>
#include <itkGDCMImageIO.h>

#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <set>
#include <system_error>

#include "io/dicom_file.h"
#include "io/dicom_slice.h"
#include "io/words.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using gdcm::Tag;
using gdcm::TransferSyntax;

const Tag kPixelData(0x7FE0, 0x0010);

/// Where pixels lie in a file that does not compress them.
struct PixelElement {
  std::uint64_t offset;
  std::uint64_t bytes;
};

template <std::uint16_t kGroup, std::uint16_t kElement>
int whole(const gdcm::DataSet& tags) {
  gdcm::Attribute<kGroup, kElement> attribute;
  attribute.SetFromDataSet(tags);
  return static_cast<int>(attribute.GetValue());
}

/// The element that the stream stands behind the head of.
/// \return nothing where that is not the pixels', or is of undefined length
std::optional<PixelElement> element_before(std::ifstream& stream, bool is_explicit) {
  const std::streamoff begin = stream.tellg();
  const std::streamoff head = is_explicit ? 12 : 8;
  std::array<unsigned char, 12> bytes{};
  if (begin < head || !stream.seekg(begin - head) ||
      !stream.read(reinterpret_cast<char*>(bytes.data()), head)) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) {
    return bytes[at] | bytes[at + 1] << 8U | bytes[at + 2] << 16U |
           static_cast<std::uint32_t>(bytes[at + 3]) << 24U;
  };
  constexpr std::uint32_t kPixelTag = 0x00107FE0, kUndefined = 0xFFFFFFFF;
  const std::uint32_t length = number(static_cast<std::size_t>(head) - 4);
  if (number(0) != kPixelTag || length == kUndefined) return std::nullopt;
  return PixelElement{static_cast<std::uint64_t>(begin), length};
}

bool has_overlays(const gdcm::DataSet& tags) {
  const std::uint16_t group = tags.FindNextDataElement(Tag(0x6000, 0)).GetTag().GetGroup();
  return group >= 0x6000 && group <= 0x60FF;
}

/// Whether the pixels need nothing but a whole slope and intercept: the common case of a CT.
std::optional<RawPixels> raw_pixels(const gdcm::File& file, const PixelElement& element) {
  const gdcm::DataSet& tags = file.GetDataSet();
  gdcm::MediaStorage storage;
  const bool plain = storage.SetFromFile(file) && storage == gdcm::MediaStorage::CTImageStorage &&
                     whole<0x0028, 0x0002>(tags) == 1 && whole<0x0028, 0x0100>(tags) == 16 &&
                     !has_overlays(tags) && !tags.FindDataElement(Tag(0x0028, 0x3000)) &&
                     std::endian::native == std::endian::little;
  const int stored = whole<0x0028, 0x0101>(tags), sign = whole<0x0028, 0x0103>(tags);
  if (!plain || stored < 1 || stored > 16 || whole<0x0028, 0x0102>(tags) != stored - 1 ||
      (sign != 0 && sign != 1)) {
    return std::nullopt;
  }
  const auto colours = gdcm::ImageHelper::GetPhotometricInterpretationValue(file);
  const std::vector<double> rescale = gdcm::ImageHelper::GetRescaleInterceptSlopeValue(file);
  const auto is_small = [](double value) {
    constexpr double kMost = 1 << 14;  // products with 16 bits stay within 32
    return value == std::nearbyint(value) && std::abs(value) <= kMost;
  };
  if ((colours != gdcm::PhotometricInterpretation::MONOCHROME1 &&
       colours != gdcm::PhotometricInterpretation::MONOCHROME2) ||
      !is_small(rescale[0]) || !is_small(rescale[1]) || rescale[1] == 0.0) {
    return std::nullopt;
  }
  RawPixels raw;
  raw.offset = element.offset;
  raw.is_signed = sign == 1;
  raw.lowest = raw.is_signed ? -(1 << (stored - 1)) : 0;
  raw.highest = (1 << (raw.is_signed ? stored - 1 : stored)) - 1;
  raw.intercept = static_cast<std::int32_t>(rescale[0]);
  raw.slope = static_cast<std::int32_t>(rescale[1]);
  return raw;
}

void read_texts(const gdcm::File& file, DicomSlice& slice) {
  gdcm::StringFilter filter;
  filter.SetFile(file);
  const auto text = [&](std::uint16_t group, std::uint16_t element) {
    const Tag tag(group, element);
    return file.GetDataSet().FindDataElement(tag) ? clean(filter.ToString(tag)) : "";
  };
  slice.image_type = text(0x0008, 0x0008);
  slice.modality = text(0x0008, 0x0060);
  slice.description = text(0x0008, 0x103E);
  slice.series_uid = text(0x0020, 0x000E);
  slice.position = text(0x0020, 0x0032);
  slice.orientation = text(0x0020, 0x0037);
  slice.samples = text(0x0028, 0x0002);
  slice.frames = text(0x0028, 0x0008);
  slice.rows = text(0x0028, 0x0010);
  slice.columns = text(0x0028, 0x0011);
  slice.pixel_spacing = text(0x0028, 0x0030);
  slice.bits = text(0x0028, 0x0100);
}

[[noreturn]] void refuse_damaged(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo, path.string() + ": damaged or truncated DICOM file (" + reason +
                                  "); fetch it anew or move it out of the folder");
}

/// Whether ITK's reader takes a file that is not of the common kind.
bool is_image(const std::filesystem::path& path) {
  const auto reader = itk::GDCMImageIO::New();
  reader->SetFileName(path.string());
  try {
    reader->ReadImageInformation();
    return true;
  } catch (const itk::ExceptionObject& error) {
    if (may_be_ct(path)) refuse_damaged(path, itk_reason(error));
    return false;
  }
}

}  // namespace

std::optional<DicomSlice> read_slice(const std::filesystem::path& path) {
  // As ITK's reader has it: what the slope and intercept say counts for every kind of image.
  static const bool kForced = (gdcm::ImageHelper::SetForceRescaleInterceptSlope(true), true);
  (void)kForced;
  DicomSlice slice;
  slice.path = path;
  std::ifstream stream(path, std::ios::binary);
  gdcm::Reader reader;
  reader.SetStream(stream);
  if (!reader.ReadUpToTag(kPixelData, {kPixelData})) {
    // There is nothing to read in it but what ITK's reader may know of.
    if (!is_image(path)) return std::nullopt;
    refuse_damaged(path, "its tags cannot be read");
  }
  const gdcm::File& file = reader.GetFile();
  read_texts(file, slice);
  const TransferSyntax syntax = file.GetHeader().GetDataSetTransferSyntax();
  const bool is_explicit = syntax == TransferSyntax::ExplicitVRLittleEndian;
  std::optional<PixelElement> element;
  if (is_explicit || syntax == TransferSyntax::ImplicitVRLittleEndian) {
    element = element_before(stream, is_explicit);
    slice.pixel_bytes = element ? element->bytes : 0;
  }
  if (element) {
    std::error_code failure;
    const std::uintmax_t size = std::filesystem::file_size(path, failure);
    const std::uint64_t end = element->offset + element->bytes;
    const auto pixels = static_cast<std::uint64_t>(whole<0x0028, 0x0010>(file.GetDataSet())) *
                        static_cast<std::uint64_t>(whole<0x0028, 0x0011>(file.GetDataSet()));
    if (pixels > 0 && element->bytes >= pixels * sizeof(std::int16_t)) {
      slice.raw = raw_pixels(file, *element);
    }
    if (slice.raw && (failure || size < end)) {
      refuse_damaged(path, "it has " + std::to_string(size) + " bytes, its pixels end at " +
                               std::to_string(end));
    }
  }
  if (!slice.raw && !is_image(path)) return std::nullopt;
  return slice;
}

}  // namespace lungrt::io
