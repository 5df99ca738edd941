/// Checks of fuzz targets.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "lungrt/error.h"

namespace lungrt::fuzz {

/// \throws std::logic_error  if it does not hold; no target catches it, so that it is a finding
inline void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// Runs `body`, which may throw an Error of one of these kinds with a message, for bad input.
/// \return whether it returned without an Error
template <typename Body>
bool accepts(std::initializer_list<ErrorCode> expected, Body&& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    if (std::find(expected.begin(), expected.end(), error.code()) == expected.end()) {
      throw std::logic_error(std::string("an error of kind ") + to_string(error.code()) +
                             ", which is not documented: " + error.what());
    }
    check(error.what()[0] != '\0', "an error without words");
    return false;
  }
}

}  // namespace lungrt::fuzz
