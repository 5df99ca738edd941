# Language, warnings and the floating-point rules that parity needs.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# Options of every target of ours: `target_link_libraries(x PRIVATE lungrt_compiler)`.
add_library(lungrt_compiler INTERFACE)
target_compile_options(
  lungrt_compiler
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
            # False positives of GCC 12 in std::string's operator+ (GCC bug 105329).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            # a * b + c must round twice, like NumPy: positions determine the order of candidates.
            -ffp-contract=off
            $<$<BOOL:${LUNGRT_WARNINGS_AS_ERRORS}>:-Werror>)

# lungrt_lightly_optimized(<target>): for what calls into the core and has no loops of its own that
# matter (bindings, commands, tests). It compiles in two thirds of the time.
function(lungrt_lightly_optimized target)
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
endfunction()

include(LungrtSanitizers)
