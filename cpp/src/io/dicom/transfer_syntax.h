/// Transfer syntaxes: how the data set and the pixels of a file are encoded.
#pragma once

#include <string>

#include "io/dicom/elements.h"

namespace lungrt::io {

/// How pixels are compressed.
enum class PixelCoding {
  kNative,        ///< not compressed
  kRunLengths,    ///< RLE, of PackBits
  kJpeg,          ///< JPEG and JPEG-LS
  kJpeg2000,      ///< JPEG 2000 and, by the same decoders, high-throughput JPEG 2000
  kDeflated,      ///< each frame by itself
  kEncapsulated,  ///< not compressed, but in fragments
  kUndecodable,   ///< by nothing that lungrt knows
};

struct TransferSyntax {
  std::string uid;
  std::string name;  ///< for messages
  PixelCoding coding = PixelCoding::kNative;
  Encoding encoding;      ///< of the data set
  bool deflated = false;  ///< the whole data set
  bool big_endian_pixels = false;
  /// UID by which decoders know the coding; empty if that is the file's own.
  std::string decoded_as;
};

namespace transfer_syntax {
inline constexpr const char* kImplicitLittleEndian = "1.2.840.10008.1.2";
inline constexpr const char* kExplicitLittleEndian = "1.2.840.10008.1.2.1";
inline constexpr const char* kDeflated = "1.2.840.10008.1.2.1.99";
inline constexpr const char* kExplicitBigEndian = "1.2.840.10008.1.2.2";
inline constexpr const char* kRunLengths = "1.2.840.10008.1.2.5";
}  // namespace transfer_syntax

/// What a transfer syntax UID stands for; the pixels of an unknown one are undecodable if they are
/// in fragments.
TransferSyntax transfer_syntax_of(const std::string& uid);

}  // namespace lungrt::io
