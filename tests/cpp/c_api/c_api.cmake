# The C interface, as C++ and as every function of its header.

target_sources(lungrt_tests PRIVATE c_api/test_abuse.cpp c_api/test_c_api.cpp)
set_source_files_properties(
  c_api/test_abuse.cpp PROPERTIES COMPILE_DEFINITIONS
                                  C_API_HEADER="${PROJECT_SOURCE_DIR}/cpp/include/lungrt/c_api.h")
