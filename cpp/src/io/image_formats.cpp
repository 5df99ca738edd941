#include "io/image_formats.h"

#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>

namespace lungrt::io {

bool ends_with(const std::string& name, const std::string& suffix) {
  return name.size() >= suffix.size() &&
         name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

itk::ImageIOBase::Pointer image_io(const std::string& name) {
  if (ends_with(name, ".mhd") || ends_with(name, ".mha"))
    return itk::MetaImageIO::New().GetPointer();
  if (ends_with(name, ".nii") || ends_with(name, ".nii.gz")) {
    return itk::NiftiImageIO::New().GetPointer();
  }
  if (ends_with(name, ".nrrd") || ends_with(name, ".nhdr")) {
    return itk::NrrdImageIO::New().GetPointer();
  }
  return nullptr;
}

}  // namespace lungrt::io
