#include "io/gdcm_codec.h"

#include <gdcmImageReader.h>

#include <sstream>
#include <utility>
#include <vector>

#include "io/dicom/decoded.h"

namespace lungrt::io {
namespace {

using Scalar = gdcm::PixelFormat::ScalarType;

using Values = std::vector<std::int64_t>;

/// Values of one of the types of GDCM.
Values values_of(const DicomSlice& slice, Scalar type, const void* values, std::size_t count) {
  const auto as = [&]<typename T>(T) {
    const auto* begin = static_cast<const T*>(values);
    return Values(begin, begin + count);
  };
  switch (type) {
    case gdcm::PixelFormat::INT8:
      return as(std::int8_t{});
    case gdcm::PixelFormat::UINT8:
      return as(std::uint8_t{});
    case gdcm::PixelFormat::INT12:
    case gdcm::PixelFormat::INT16:
      return as(std::int16_t{});
    case gdcm::PixelFormat::UINT12:
    case gdcm::PixelFormat::UINT16:
      return as(std::uint16_t{});
    case gdcm::PixelFormat::INT32:
      return as(std::int32_t{});
    case gdcm::PixelFormat::UINT32:
      return as(std::uint32_t{});
    default:
      break;
  }
  refuse_undecodable(slice, std::string("values of type ") +
                                gdcm::PixelFormat(type).GetScalarTypeAsString() +
                                " are not those of a CT");
}

Values decode_by_gdcm(const DicomSlice& slice, std::string file, std::int64_t pixels) {
  std::istringstream stream(std::move(file), std::ios::binary);
  gdcm::ImageReader reader;
  reader.SetStream(stream);
  if (!reader.Read()) refuse_undecodable(slice, "GDCM cannot read them");
  const gdcm::Image& image = reader.GetImage();
  const gdcm::PixelFormat stored = image.GetPixelFormat();
  std::vector<char> bytes(image.GetBufferLength());
  const auto count = static_cast<std::size_t>(pixels);
  if (bytes.size() != count * stored.GetPixelSize() || !image.GetBuffer(bytes.data())) {
    refuse_undecodable(slice, "GDCM failed to decode them");
  }
  return values_of(slice, stored.GetScalarType(), bytes.data(), count);
}

class GdcmCodec final : public Codec {
 public:
  Values decode(const DicomSlice& slice, std::string file, std::int64_t pixels) const override {
    return decode_by_gdcm(slice, std::move(file), pixels);
  }
};

}  // namespace

const Codec& gdcm_codec() {
  static const GdcmCodec codec;
  return codec;
}

}  // namespace lungrt::io
