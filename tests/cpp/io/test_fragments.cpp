#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/dicom/fragments.h"

namespace lungrt::io {
namespace {

using Frames = std::vector<std::vector<Extent>>;

/// Fragments of 10 bytes with a head of 8 bytes each, from byte 108.
PixelElement fragments(std::size_t count) {
  PixelElement pixels;
  pixels.encapsulated = true;
  for (std::size_t i = 0; i < count; ++i) pixels.fragments.push_back({108 + 18 * i, 10});
  return pixels;
}

Frames assigned(const PixelElement& pixels, std::size_t frames,
                const std::map<std::uint64_t, std::string>& starts = {}) {
  return fragments_by_frame(pixels, frames, [&](const Extent& extent) {
    const auto found = starts.find(extent.offset);
    return found == starts.end() ? "" : found->second;
  });
}

TEST(FragmentsTest, OneForEachFrameOrAllForOne) {
  EXPECT_EQ(assigned(fragments(2), 2), (Frames{{{108, 10}}, {{126, 10}}}));
  EXPECT_EQ(assigned(fragments(2), 1), (Frames{{{108, 10}, {126, 10}}}));
}

TEST(FragmentsTest, ByTheOffsetTable) {
  PixelElement pixels = fragments(3);
  pixels.offsets = {0, 36};
  EXPECT_EQ(assigned(pixels, 2), (Frames{{{108, 10}, {126, 10}}, {{144, 10}}}));
  // Offsets that are none are not used: what the fragments hold is.
  for (const std::vector<std::uint32_t>& wrong :
       {std::vector<std::uint32_t>{0, 35}, {18, 36}, {0, 99}, {36, 0}, {0}}) {
    pixels.offsets = wrong;
    EXPECT_EQ(assigned(pixels, 2, {{126, "\xFF\xD8\xFF\xC3"}}),
              (Frames{{{108, 10}}, {{126, 10}, {144, 10}}}));
  }
}

TEST(FragmentsTest, WhereImagesBegin) {
  const std::vector<std::string> starts{"\xFF\xD8\xFF\xC3", "\xFF\x4F\xFF\x51",
                                        std::string("\0\0\0\x0CjP  ", 8)};
  for (const std::string& start : starts) {
    EXPECT_EQ(assigned(fragments(3), 2, {{144, start}}),
              (Frames{{{108, 10}, {126, 10}}, {{144, 10}}}));
  }
}

TEST(FragmentsTest, WhoseFragmentsAreNotKnown) {
  EXPECT_THROW(assigned(fragments(0), 1), std::runtime_error);
  EXPECT_THROW(assigned(fragments(1), 2), std::runtime_error);
  EXPECT_THROW(assigned(fragments(3), 2), std::runtime_error);  // none begins an image
  EXPECT_THROW(assigned(fragments(3), 2, {{126, "\xFF\xD8"}}), std::runtime_error);  // too short
  EXPECT_THROW(assigned(fragments(4), 2, {{126, "\xFF\xD8\xFF"}, {144, "\xFF\xD8\xFF"}}),
               std::runtime_error);
}

}  // namespace
}  // namespace lungrt::io
