/// Ctrl-C.
#pragma once

namespace lungrt::cli {

/// From here on the first Ctrl-C is noted, and the second ends the process.
void catch_interrupts();

/// Whether there was one.
bool interrupted();

}  // namespace lungrt::cli
