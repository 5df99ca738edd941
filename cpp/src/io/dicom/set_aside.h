/// Images of a series that are no slices of its volume.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Name of a slice's file for messages: its path below the folder that was searched.
std::string name_below(const std::filesystem::path& folder, const DicomSlice& slice);

/// Removes localizers, secondary captures, images of other modalities and colours, images without a
/// position that are no axial slices, and identical copies of slices, unless nothing else is there.
/// \param folder  what was searched
/// \param notes   receives a line for each reason, which names the files
/// \throws Error kIo  if files that may be copies cannot be read
void set_aside(const std::filesystem::path& folder, std::vector<DicomSlice>& slices,
               std::vector<std::string>& notes);

}  // namespace lungrt::io
