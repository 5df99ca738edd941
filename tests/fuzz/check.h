/// What a target holds its results against.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "lungrt/error.h"

namespace lungrt::fuzz {

/// \throws std::logic_error  which no target catches: a finding
inline void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// Runs `body`; an Error of one of these kinds, with words in it, is what bad input shall give.
/// \return whether it ran to its end
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
