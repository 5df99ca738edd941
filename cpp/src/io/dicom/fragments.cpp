#include "io/dicom/fragments.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace lungrt::io {
namespace {

using Frames = std::vector<std::vector<Extent>>;

constexpr std::uint64_t kItemHead = 8;  // bytes of an item's tag and length

/// \return nothing if an offset is not that of a fragment
std::optional<Frames> by_offsets(const PixelElement& pixels) {
  const std::uint64_t first = pixels.fragments.front().offset - kItemHead;
  Frames frames;
  for (const Extent& fragment : pixels.fragments) {
    const std::uint64_t offset = fragment.offset - kItemHead - first;
    if (frames.size() < pixels.offsets.size() && pixels.offsets[frames.size()] == offset) {
      frames.emplace_back();
    }
    if (frames.empty()) return std::nullopt;
    frames.back().push_back(fragment);
  }
  if (frames.size() != pixels.offsets.size()) return std::nullopt;
  return frames;
}

/// Whether a fragment begins a code stream of JPEG, JPEG-LS or JPEG 2000, or a file of the latter.
bool begins_image(std::string_view start) {
  return start.substr(0, 3) == "\xFF\xD8\xFF" || start.substr(0, 4) == "\xFF\x4F\xFF\x51" ||
         (start.size() >= 8 && start.substr(4, 4) == "jP  ");
}

Frames by_starts(const PixelElement& pixels,
                 const std::function<std::string(const Extent&)>& start_of) {
  Frames frames;
  for (const Extent& fragment : pixels.fragments) {
    if (frames.empty() || begins_image(start_of(fragment))) frames.emplace_back();
    frames.back().push_back(fragment);
  }
  return frames;
}

}  // namespace

Frames fragments_by_frame(const PixelElement& pixels, std::size_t frames,
                          const std::function<std::string(const Extent&)>& start_of) {
  const std::size_t count = pixels.fragments.size();
  if (count < frames || count == 0) {
    throw std::runtime_error("they consist of " + std::to_string(count) +
                             " fragments, but its frames need at least " + std::to_string(frames));
  }
  if (frames == 1) return {pixels.fragments};
  if (count == frames) {
    Frames each;
    for (const Extent& fragment : pixels.fragments) each.push_back({fragment});
    return each;
  }
  if (pixels.offsets.size() == frames) {
    if (std::optional<Frames> found = by_offsets(pixels)) return *std::move(found);
  }
  Frames found = by_starts(pixels, start_of);
  if (found.size() != frames) {
    throw std::runtime_error("it is not clear which of their " + std::to_string(count) +
                             " fragments belong to which of its " + std::to_string(frames) +
                             " frames: the offset table does not say it, and " +
                             std::to_string(found.size()) + " of them begin an image");
  }
  return found;
}

}  // namespace lungrt::io
