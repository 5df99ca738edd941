# lungrt::io, as objects too: its tests reach the insides as the core's do.
add_executable(
  lungrt_io_tests
  io/test_dicom_encodings.cpp
  io/test_dicom_frames.cpp
  io/test_dicom_slice.cpp
  io/test_dicom_tags.cpp
  io/test_files.cpp
  io/test_fragments.cpp
  io/test_jpeg.cpp
  io/test_image_data.cpp
  io/test_images.cpp
  io/test_masks.cpp
  io/test_read_ct.cpp
  io/test_rle.cpp
  io/test_utf8.cpp
  io/test_workers.cpp)
target_include_directories(lungrt_io_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                                                   ${PROJECT_SOURCE_DIR}/cpp/src)
target_link_libraries(lungrt_io_tests PRIVATE lungrt_io_objects lungrt_reader_objects lungrt
                                              lungrt_compiler
                                              GTest::gtest_main)
lungrt_lightly_optimized(lungrt_io_tests)
lungrt_precompiled_as(lungrt_io_tests lungrt_test_headers)
gtest_discover_tests(lungrt_io_tests NO_PRETTY_VALUES)
