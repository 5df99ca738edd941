# Compiles the fuzz targets with the ordinary tests, which replay their corpora.

include(${CMAKE_CURRENT_LIST_DIR}/targets.cmake)
target_sources(lungrt_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR}/test_corpora.cpp)
foreach(target ${lungrt_fuzz_targets})
  target_sources(lungrt_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${target}.cpp)
endforeach()
target_include_directories(lungrt_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_compile_definitions(lungrt_tests PRIVATE LUNGRT_FUZZ_CORPUS="${CMAKE_CURRENT_LIST_DIR}/corpus"
                                                ${lungrt_fuzz_definitions})
target_link_libraries(lungrt_tests PRIVATE lungrt_reader_objects)
