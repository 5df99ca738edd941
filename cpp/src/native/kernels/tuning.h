/// Parameters of the kernels, which are compiled for one instruction set but tuned for a processor.
#pragma once

namespace lungrt::native {

/// None of these parameters changes the order of a sum.
struct Tuning {
  int pixels;       ///< Winograd tiles whose sums are kept in registers together
  int row_pixels;   ///< the same for pixels of direct rows, where loading weights takes more time
  int few_pixels;   ///< the same for the rest of a row or strip
  int chunk_tiles;  ///< tiles whose transformed values fit into the L1 and L2 caches
  /// Prefetch the pixels of the tile after the next one, where hardware does not follow six rows.
  bool prefetch_input;
  /// Prefetch the lines that are written two tiles later, where stores wait for the L2 cache.
  bool prefetch_output;
};

inline constexpr Tuning kPortableTuning{.pixels = 2,
                                        .row_pixels = 2,
                                        .few_pixels = 1,
                                        .chunk_tiles = 16,
                                        .prefetch_input = true,
                                        .prefetch_output = false};
/// Measured on Zen 3.
inline constexpr Tuning kAvx2Tuning{.pixels = 6,
                                    .row_pixels = 6,
                                    .few_pixels = 2,
                                    .chunk_tiles = 12,
                                    .prefetch_input = false,
                                    .prefetch_output = true};
/// Measured on Zen 4 and Zen 5, whose smaller L2 cache is filled by 16 tiles.
inline constexpr Tuning kAvx512Tuning{.pixels = 8,
                                      .row_pixels = 16,
                                      .few_pixels = 8,
                                      .chunk_tiles = 8,
                                      .prefetch_input = true,
                                      .prefetch_output = false};
/// Measured on Emerald Rapids: eight sums barely cover the latency of its two multipliers, and
/// weights, read once for all sums, come from the L2 cache.
inline constexpr Tuning kAvx512IntelTuning{.pixels = 16,
                                           .row_pixels = 16,
                                           .few_pixels = 8,
                                           .chunk_tiles = 16,
                                           .prefetch_input = false,
                                           .prefetch_output = true};

}  // namespace lungrt::native
