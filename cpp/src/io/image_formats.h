/// Which of ITK's readers and writers a file's name asks for.
#pragma once

#include <itkImageIOBase.h>

#include <string>

namespace lungrt::io {

bool ends_with(const std::string& name, const std::string& suffix);

/// \return null for a name of another kind
itk::ImageIOBase::Pointer image_io(const std::string& name);

}  // namespace lungrt::io
