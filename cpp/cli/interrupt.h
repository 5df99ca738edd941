/// Handling of Ctrl-C.
#pragma once

namespace lungrt::cli {

/// From now on the first Ctrl-C is recorded and the second one ends the process.
void catch_interrupts();

/// Whether Ctrl-C was pressed.
bool interrupted();

}  // namespace lungrt::cli
