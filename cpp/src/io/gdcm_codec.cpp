#include "io/gdcm_codec.h"

#include <gdcmImageHelper.h>
#include <gdcmImageReader.h>
#include <gdcmRescaler.h>

#include <sstream>
#include <utility>
#include <vector>

#include "io/dicom/decoded.h"

namespace lungrt::io {
namespace {

using Scalar = gdcm::PixelFormat::ScalarType;

/// Calls `as_plane` with a pointer of the values' type.
Plane plane_of(const DicomSlice& slice, Scalar type, const void* values, std::size_t count) {
  const auto as = [&]<typename T>(T) {
    return as_plane(slice, static_cast<const T*>(values), count);
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
    case gdcm::PixelFormat::FLOAT32:
      return as(float{});
    case gdcm::PixelFormat::FLOAT64:
      return as(double{});
    default:
      break;
  }
  refuse_undecodable(slice, std::string("values of type ") +
                                gdcm::PixelFormat(type).GetScalarTypeAsString() +
                                " are not Hounsfield units");
}

Plane decode_by_gdcm(const DicomSlice& slice, std::string content, std::int64_t pixels) {
  // Applies slope and intercept to every kind of image, as ITK does.
  static const bool kForced = (gdcm::ImageHelper::SetForceRescaleInterceptSlope(true), true);
  static_cast<void>(kForced);
  std::istringstream stream(std::move(content), std::ios::binary);
  gdcm::ImageReader reader;
  reader.SetStream(stream);
  if (!reader.Read()) refuse_undecodable(slice, "GDCM cannot read the file");
  const gdcm::Image& image = reader.GetImage();
  const gdcm::PixelFormat stored = image.GetPixelFormat();
  std::vector<char> bytes(image.GetBufferLength());
  const auto count = static_cast<std::size_t>(pixels);
  if (bytes.size() != count * stored.GetPixelSize() || !image.GetBuffer(bytes.data())) {
    refuse_undecodable(slice, "GDCM failed to decode them");
  }
  if (image.GetSlope() == 1.0 && image.GetIntercept() == 0.0) {
    return plane_of(slice, stored.GetScalarType(), bytes.data(), count);
  }
  gdcm::Rescaler rescaler;
  rescaler.SetIntercept(image.GetIntercept());
  rescaler.SetSlope(image.GetSlope());
  rescaler.SetPixelFormat(stored);
  const gdcm::PixelFormat wanted = rescaler.ComputeInterceptSlopePixelType();
  std::vector<char> rescaled(count * wanted.GetPixelSize());
  rescaler.Rescale(rescaled.data(), bytes.data(), bytes.size());
  return plane_of(slice, wanted.GetScalarType(), rescaled.data(), count);
}

class GdcmCodec final : public Codec {
 public:
  Plane decode(const DicomSlice& slice, std::string content, std::int64_t pixels) const override {
    return decode_by_gdcm(slice, std::move(content), pixels);
  }
};

}  // namespace

const Codec& gdcm_codec() {
  static const GdcmCodec codec;
  return codec;
}

}  // namespace lungrt::io
