/// What this engine throws inside itself, with the status that the core gets.
#pragma once

#include <stdexcept>
#include <string>

#include "backend/engine_table.h"

namespace lungrt::onnxruntime {

class Failure : public std::runtime_error {
 public:
  Failure(LungrtStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  LungrtStatus status() const { return status_; }

 private:
  LungrtStatus status_;
};

}  // namespace lungrt::onnxruntime
