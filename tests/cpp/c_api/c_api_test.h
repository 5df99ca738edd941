/// Shared by the tests of the C interface: a bundle, a volume, and handles that free themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "lungrt/c_api.h"
#include "native_bundle.h"

namespace lungrt::testing {

struct FreeHandle {
  void operator()(lungrt_pipeline* handle) const { lungrt_pipeline_free(handle); }
  void operator()(lungrt_volume* handle) const { lungrt_volume_free(handle); }
  void operator()(lungrt_report* handle) const { lungrt_report_free(handle); }
  void operator()(char* text) const { lungrt_text_free(text); }
};
using PipelineHandle = std::unique_ptr<lungrt_pipeline, FreeHandle>;
using VolumeHandle = std::unique_ptr<lungrt_volume, FreeHandle>;
using ReportHandle = std::unique_ptr<lungrt_report, FreeHandle>;
using CallerText = std::unique_ptr<char, FreeHandle>;

/// A structure with its size set and zeros otherwise, as a caller initialises it.
template <typename Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

/// Fails with the library's message if a call does not return the expected status.
#define EXPECT_STATUS(expected, call)                                              \
  do {                                                                             \
    const lungrt_status got_ = (call);                                             \
    EXPECT_STREQ(lungrt_status_name(got_), lungrt_status_name(expected))           \
        << #call << ": " << (got_ == LUNGRT_OK ? "nothing" : lungrt_last_error()); \
  } while (false)

class CApiTest : public ::testing::Test {
 protected:
  CApiTest() : bundle_(folder_) {}

  lungrt_volume_description description() const {
    auto given = sized<lungrt_volume_description>();
    given.voxels = chest_.hu().data();
    given.voxels_size = chest_.hu().size() * sizeof(std::int16_t);
    given.voxel_type = LUNGRT_INT16;
    given.shape[0] = Chest::kShape.slices;
    given.shape[1] = Chest::kShape.rows;
    given.shape[2] = Chest::kShape.columns;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      given.spacing_mm[axis] = Chest::kSpacingMm[axis];
      given.origin_mm[axis] = Chest::kOriginMm[axis];
      given.direction[4 * axis] = 1.0;
    }
    given.series_uid = "1.2.3";
    return given;
  }

  VolumeHandle volume(lungrt_volume_description given) const {
    lungrt_volume* made = nullptr;
    EXPECT_STATUS(LUNGRT_OK, lungrt_volume_create(&given, &made));
    return VolumeHandle(made);
  }
  VolumeHandle volume() const { return volume(description()); }

  PipelineHandle pipeline(const char* profile = nullptr, int threads = 2) const {
    auto options = sized<lungrt_pipeline_options>();
    options.profile = profile;
    options.threads = threads;
    lungrt_pipeline* opened = nullptr;
    EXPECT_STATUS(LUNGRT_OK, lungrt_pipeline_open(bundle_.path().c_str(), &options, &opened));
    return PipelineHandle(opened);
  }

  static ReportHandle run(const PipelineHandle& pipeline, const VolumeHandle& volume,
                          const lungrt_run_options* options = nullptr) {
    lungrt_report* report = nullptr;
    EXPECT_STATUS(LUNGRT_OK, lungrt_pipeline_run(pipeline.get(), volume.get(), options, &report));
    return ReportHandle(report);
  }

  TempFolder folder_;
  Chest chest_;
  NativeBundle bundle_;
};

}  // namespace lungrt::testing
