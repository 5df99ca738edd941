// Translation of torch's exceptions to the statuses of the engine table.

#include <c10/util/Exception.h>

#include <new>

#include "backend/engine_library.h"

namespace lungrt::engine_library {

Failure meaning_of_current_exception(LungrtStatus otherwise) {
  try {
    throw;
  } catch (const Failure& e) {
    return e;
  } catch (const c10::OutOfMemoryError& e) {
    return {kLungrtOutOfMemory, e.what_without_backtrace()};
  } catch (const c10::Error& e) {
    return {otherwise, e.what_without_backtrace()};
  } catch (const std::bad_alloc&) {
    return {kLungrtOutOfMemory, "out of memory"};
  } catch (const std::exception& e) {
    return {otherwise, e.what()};
  } catch (...) {
    return {otherwise, "unknown failure"};
  }
}

}  // namespace lungrt::engine_library
