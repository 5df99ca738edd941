/// The default models of an installation: trained on phantoms only, for demonstration.
#pragma once

#include <string>

namespace lungrt::cli {

/// Folder of their bundle, in the data folder of the program's installation prefix.
/// \throws Error kIo if this installation does not include it
std::string default_bundle();

/// Prints that the default models are for demonstration only.
void note_default_models();

}  // namespace lungrt::cli
