# Each has a source file and a folder in tests/fuzz/corpus; targets.h declares them.
set(lungrt_fuzz_targets c_api compiled_record components dicom image manifest safetensors series volume)
# A bundle of two networks with a few weights each.
set(lungrt_fuzz_definitions LUNGRT_FUZZ_BUNDLE="${CMAKE_CURRENT_LIST_DIR}/bundle")
