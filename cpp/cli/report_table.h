/// A report for people.
#pragma once

#include <lungrt/report.h>

namespace lungrt::cli {

/// Prints a table of nodules, what was done in which time, and notes.
void print_report(const Report& report);

}  // namespace lungrt::cli
