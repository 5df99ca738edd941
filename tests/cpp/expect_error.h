/// Expects an error with a code and certain words in its message.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <string>

#include "lungrt/error.h"

namespace lungrt::testing {

inline void expect_error(ErrorCode code, std::initializer_list<const char*> words,
                         const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_STREQ(to_string(error.code()), to_string(code)) << error.what();
    for (const char* word : words) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
          << "'" << word << "' is not in: " << error.what();
    }
    return;
  }
  ADD_FAILURE() << "nothing was thrown, expected " << to_string(code);
}

}  // namespace lungrt::testing
