/// Voxel types of ITK's readers.
#pragma once

#include <itkImageIOBase.h>

#include <string>

#include "lungrt/error.h"

namespace lungrt::io {

/// Calls `body` with a pointer of the values' type.
/// \throws Error kBadVolume  for a type that is neither an integer nor a float
template <typename Body>
auto with_components(itk::IOComponentEnum type, const void* values, const Body& body) {
  using Type = itk::IOComponentEnum;
  switch (type) {
    case Type::CHAR:
      return body(static_cast<const signed char*>(values));
    case Type::UCHAR:
      return body(static_cast<const unsigned char*>(values));
    case Type::SHORT:
      return body(static_cast<const short*>(values));
    case Type::USHORT:
      return body(static_cast<const unsigned short*>(values));
    case Type::INT:
      return body(static_cast<const int*>(values));
    case Type::UINT:
      return body(static_cast<const unsigned int*>(values));
    case Type::LONG:
      return body(static_cast<const long*>(values));
    case Type::ULONG:
      return body(static_cast<const unsigned long*>(values));
    case Type::LONGLONG:
      return body(static_cast<const long long*>(values));
    case Type::ULONGLONG:
      return body(static_cast<const unsigned long long*>(values));
    case Type::FLOAT:
      return body(static_cast<const float*>(values));
    case Type::DOUBLE:
      return body(static_cast<const double*>(values));
    default:
      break;
  }
  throw Error(ErrorCode::kBadVolume, "voxels of type " +
                                         itk::ImageIOBase::GetComponentTypeAsString(type) +
                                         " are not Hounsfield units; expected integers or floats");
}

}  // namespace lungrt::io
