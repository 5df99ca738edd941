/// The models that an installation brings along: trained on phantoms alone, for demonstration.
#pragma once

#include <string>

namespace lungrt::cli {

/// Folder of their bundle, which lies where the program's prefix has its data.
///
/// Throws Error(kIo) where this installation lacks it.
std::string default_bundle();

/// Says what they are not for.
void note_default_models();

}  // namespace lungrt::cli
