# Precompiled headers: most of a build's time went into parsing the same headers in every source.
#
# Sources still include what they use: `make distributions` compiles the packed sources with
# CMAKE_DISABLE_PRECOMPILE_HEADERS=ON.

set(lungrt_standard_headers
    <algorithm> <array> <cmath> <cstdint> <filesystem> <fstream> <functional> <limits> <map>
    <memory> <mutex> <numeric> <optional> <set> <span> <sstream> <string> <string_view> <utility>
    <variant> <vector>)

# GCC 12 forgets that precompiled headers are the system's, and warns of what its own std::string
# does (its bug 105329). Builds without precompiled headers keep these warnings.
function(lungrt_precompiled_warnings target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_compile_options(
      ${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()

# lungrt_precompile(<target> <header>...): the standard library's headers, and those named.
function(lungrt_precompile target)
  target_precompile_headers(${target} PRIVATE ${lungrt_standard_headers} ${ARGN})
  lungrt_precompiled_warnings(${target})
endfunction()

# lungrt_precompiled_as(<target> <other>): shares the headers of another target, whose compile
# options must be the same.
function(lungrt_precompiled_as target other)
  target_precompile_headers(${target} REUSE_FROM ${other})
  lungrt_precompiled_warnings(${target})
endfunction()
