#include "stages/hounsfield.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// Air and aerated lung of any scanner, with its noise. What is below is padding (-2000, -3024).
constexpr std::int16_t kLowestAir = -1100, kHighestAir = -400;
/// Soft tissue, blood and contrast media.
constexpr std::int16_t kLowestTissue = -200, kHighestTissue = 300;
/// Above this are only dense bone, metal and strong contrast media.
constexpr std::int16_t kHigh = 700;
/// Least share of air. The smallest part of a lung is more than ten times as much.
constexpr double kLeastAir = 0.001;
/// Shares by which shifted values are told from noise, padding and metal.
constexpr double kShifted = 0.1, kLeastTissue = 0.01;

struct Counts {
  std::int64_t air = 0, tissue = 0, high = 0;
  std::int64_t below = 0;       ///< below air
  std::int64_t at_minimum = 0;  ///< voxels of the smallest value, which may be padding
  std::int16_t minimum = std::numeric_limits<std::int16_t>::max();
  std::int16_t maximum = std::numeric_limits<std::int16_t>::min();
};

Counts count(const CtVolume& volume) {
  // Chunks fit the cache for the second look at them, and their counts int16, which the compiler
  // vectorises.
  constexpr std::int64_t kChunk = 4096;
  Counts counts;
  const std::int64_t total = volume.shape().voxels();
  for (std::int64_t first = 0; first < total; first += kChunk) {
    const std::int16_t* hu = volume.data() + first;
    const std::int64_t size = std::min(kChunk, total - first);
    std::int16_t low = hu[0], high = hu[0];
    for (std::int64_t i = 0; i < size; ++i) {
      low = std::min(low, hu[i]);
      high = std::max(high, hu[i]);
    }
    if (low < counts.minimum) {
      counts.minimum = low;
      counts.at_minimum = 0;
    }
    counts.maximum = std::max(counts.maximum, high);
    std::int16_t air = 0, tissue = 0, above = 0, below = 0, same = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int16_t value = hu[i];
      air = static_cast<std::int16_t>(air + ((value >= kLowestAir) & (value <= kHighestAir)));
      tissue = static_cast<std::int16_t>(tissue +
                                         ((value >= kLowestTissue) & (value <= kHighestTissue)));
      above = static_cast<std::int16_t>(above + (value > kHigh));
      below = static_cast<std::int16_t>(below + (value < kLowestAir));
      same = static_cast<std::int16_t>(same + (value == counts.minimum));
    }
    counts.air += air;
    counts.tissue += tissue;
    counts.high += above;
    counts.below += below;
    counts.at_minimum += same;
  }
  return counts;
}

std::string likely_cause(const Counts& counts) {
  if (counts.minimum >= -1 && counts.maximum <= 1) return "values that were scaled to a unit range";
  if (counts.minimum >= 0 && counts.maximum <= 255) return "an image of 8 bits";
  if (counts.minimum >= 0) return "stored values without their rescale slope and intercept";
  return "values that were windowed or scaled";
}

std::string percent(double share) { return text::number(100.0 * share) + " %"; }

}  // namespace

std::optional<std::string> why_not_hounsfield(const CtVolume& volume) {
  const Counts counts = count(volume);
  const auto share = [total = volume.shape().voxels()](std::int64_t voxels) {
    return static_cast<double>(voxels) / static_cast<double>(total);
  };
  const std::string found = "the voxels are not Hounsfield units of a chest: they range from " +
                            std::to_string(counts.minimum) + " to " +
                            std::to_string(counts.maximum) + ", and ";
  if (share(counts.air) < kLeastAir) {
    return found + percent(share(counts.air)) + " of them are between " +
           std::to_string(kLowestAir) + " and " + std::to_string(kHighestAir) +
           ", where air and lungs are; expected at least " + percent(kLeastAir) +
           ". These look like " + likely_cause(counts);
  }
  // The smallest value alone may be padding, of -1024 for example.
  const bool padding_is_air = counts.minimum >= kLowestAir && counts.minimum <= kHighestAir;
  const std::int64_t other_air = counts.air - (padding_is_air ? counts.at_minimum : 0);
  if (share(other_air) < kLeastAir && share(counts.high) > kShifted) {
    return found + percent(share(counts.high)) + " of them are above " + std::to_string(kHigh) +
           ", where only dense bone and metal are, while there is no air but voxels of the "
           "smallest "
           "value; expected at most " +
           percent(kShifted) +
           ". These look like stored values with padding, without their rescale slope and "
           "intercept";
  }
  const std::int64_t other_below =
      counts.below - (counts.minimum < kLowestAir ? counts.at_minimum : 0);
  if (share(other_below) > kShifted && share(counts.tissue) < kLeastTissue) {
    return found + percent(share(other_below)) + " of them are below " +
           std::to_string(kLowestAir) + ", where nothing is, and " + percent(share(counts.tissue)) +
           " between " + std::to_string(kLowestTissue) + " and " + std::to_string(kHighestTissue) +
           ", where soft tissue is; expected at least " + percent(kLeastTissue) +
           ". These look like values from which the rescale intercept was subtracted twice";
  }
  return std::nullopt;
}

std::optional<std::string> check_hounsfield(const CtVolume& volume, bool allowed) {
  const std::optional<std::string> reason = why_not_hounsfield(volume);
  if (!reason) return std::nullopt;
  if (allowed) return *reason + "; the run went on because allow_non_hu was given";
  throw Error(ErrorCode::kBadVolume,
              *reason +
                  "; convert them to Hounsfield units (air is -1000, water 0), or go on knowingly "
                  "with the option allow_non_hu (--allow-non-hu)");
}

}  // namespace lungrt
