/// Results of a verification as a table on the terminal.
#pragma once

#include <lungrt/verification.h>

#include <vector>

namespace lungrt::cli {

/// Prints one line per network and engine, with the largest maximum, the mean of all values and the
/// sum of all flips, and one line for each failure.
void print_verification(const std::vector<VerifiedGolden>& rows);

}  // namespace lungrt::cli
