#include "io/dicom/transfer_syntax.h"

#include <array>
#include <string_view>

namespace lungrt::io {
namespace {

struct Known {
  std::string_view uid;
  const char* name;
  PixelCoding coding;
  const char* decoded_as = "";
};

constexpr const char* kJpeg2000Lossless = "1.2.840.10008.1.2.4.90";
constexpr const char* kJpeg2000 = "1.2.840.10008.1.2.4.91";

// PS3.6, annex A, without what the functions below tell by itself.
constexpr std::array<Known, 46> kKnown{{
    {"1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed", PixelCoding::kEncapsulated},
    {"1.2.840.10008.1.2.5", "RLE Lossless", PixelCoding::kRunLengths},
    {"1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", PixelCoding::kDeflated},
    {"1.2.840.10008.1.2.4.50", "JPEG Baseline", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.51", "JPEG Extended", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.53", "JPEG Spectral Selection", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.55", "JPEG Full Progression", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.57", "JPEG Lossless", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", PixelCoding::kJpeg},
    {"1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", PixelCoding::kJpeg},
    {kJpeg2000Lossless, "JPEG 2000 Lossless", PixelCoding::kJpeg2000},
    {kJpeg2000, "JPEG 2000", PixelCoding::kJpeg2000},
    {"1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless", PixelCoding::kJpeg2000},
    {"1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2", PixelCoding::kJpeg2000},
    {"1.2.840.10008.1.2.4.94", "JPIP Referenced", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.100", "MPEG2 Main Profile, Main Level", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Level", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.101", "MPEG2 Main Profile, High Level", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 High Level", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 2D", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.104.1", "Fragmentable MPEG-4 AVC/H.264 2D", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 3D", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.105.1", "Fragmentable MPEG-4 AVC/H.264 3D", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.106.1", "Fragmentable MPEG-4 Stereo", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.107", "HEVC/H.265 Main", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.110", "JPEG XL Lossless", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.112", "JPEG XL", PixelCoding::kUndecodable},
    // OpenJPEG, by which GDCM and SimpleITK decode, knows the block coder of HTJ2K since 2.5. The
    // UIDs are newer than GDCM, but the code stream says what it is.
    {"1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless", PixelCoding::kJpeg2000,
     kJpeg2000Lossless},
    {"1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 RPCL Lossless", PixelCoding::kJpeg2000,
     kJpeg2000Lossless},
    {"1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000", PixelCoding::kJpeg2000, kJpeg2000},
    {"1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.6.1", "RFC 2557 MIME Encapsulation", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.6.2", "XML Encoding", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Progressive", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Interlaced", PixelCoding::kUndecodable},
    {"1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM", PixelCoding::kUndecodable},
}};

}  // namespace

TransferSyntax transfer_syntax_of(const std::string& uid) {
  TransferSyntax syntax;
  syntax.uid = uid;
  syntax.name = "unknown";
  if (uid == transfer_syntax::kImplicitLittleEndian) {
    syntax.encoding.is_explicit = false;
    syntax.name = "Implicit VR Little Endian";
  } else if (uid == transfer_syntax::kExplicitLittleEndian) {
    syntax.name = "Explicit VR Little Endian";
  } else if (uid == transfer_syntax::kExplicitBigEndian) {
    syntax.encoding.big_endian = true;
    syntax.big_endian_pixels = true;
    syntax.name = "Explicit VR Big Endian";
  } else if (uid == transfer_syntax::kDeflated) {
    syntax.deflated = true;
    syntax.name = "Deflated Explicit VR Little Endian";
  } else if (uid == "1.2.840.113619.5.2") {  // of old scanners
    syntax.encoding.is_explicit = false;
    syntax.big_endian_pixels = true;
    syntax.name = "GE Implicit VR Big Endian";
  } else {
    syntax.coding = PixelCoding::kUndecodable;
    for (const Known& known : kKnown) {
      if (known.uid != uid) continue;
      syntax.name = known.name;
      syntax.coding = known.coding;
      syntax.decoded_as = known.decoded_as;
    }
  }
  return syntax;
}

}  // namespace lungrt::io
