/// Table of kernels for the vector header and the constant kTuning that come before this header.
#pragma once

#include "native/kernels/pointwise.h"
#include "native/kernels/winograd.h"

namespace lungrt::native {
namespace {

constexpr Kernels table_for(InstructionSet set) {
  return {
      .instruction_set = set,
      .chunk_tiles = kTuning.chunk_tiles,
      .direct_row = direct_row,
      .winograd_input = winograd_input,
      .winograd_input_pair = winograd_input_pair,
      .winograd_product = winograd_product,
      .winograd_output = winograd_output,
      .winograd_output_pooled = winograd_output_pooled,
      .pool_average = pool_average,
      .pool_max = pool_max,
      .keep_larger_half = keep_larger_half,
      .upsample_row = upsample_row,
      .normalise_row = normalise_row,
      .probability_row = probability_row,
      .dot = dot,
  };
}

}  // namespace
}  // namespace lungrt::native
