/// A verification for people.
#pragma once

#include <lungrt/verification.h>

#include <vector>

namespace lungrt::cli {

/// Prints one line a network and engine - the largest maximum, the mean of all values, the sum of
/// all flips - and one for each failure.
void print_verification(const std::vector<VerifiedGolden>& rows);

}  // namespace lungrt::cli
