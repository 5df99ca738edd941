/// Selection of ITK's readers and writers by file name.
#pragma once

#include <itkImageIOBase.h>

#include <string>

namespace lungrt::io {

bool ends_with(const std::string& name, const std::string& suffix);

/// ITK's reader and writer for a file name.
/// \return null for an unknown suffix
itk::ImageIOBase::Pointer image_io(const std::string& name);

}  // namespace lungrt::io
