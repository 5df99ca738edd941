/// Reports as tables on the terminal.
#pragma once

#include <lungrt/report.h>

namespace lungrt::cli {

/// Prints a table of nodules, the time of each stage, the settings and the notes.
void print_report(const Report& report);

}  // namespace lungrt::cli
