/// Masks of a run as image files in the CT's geometry.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lungrt/report.h"

namespace lungrt::io {

/// Creates the folder for masks; see lungrt::make_mask_folder.
void make_mask_folder(const std::filesystem::path& folder);

/// Writes the masks of a run; see lungrt::write_masks.
std::vector<std::filesystem::path> write_masks(const std::filesystem::path& folder,
                                               const Report& report, const std::string& format);

}  // namespace lungrt::io
