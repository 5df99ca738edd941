/// A rewrite of a loaded network in three dimensions for processors with vectors of 16 floats.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace lungrt::torchscript {

/// Two 3 x 3 x 3 convolutions to 8 channels with their ReLUs, and the maximum over 2 x 2 x 2 behind
/// them, are computed with two neighbouring slices as 16 channels: oneDNN fills vectors with
/// channels and leaves half of each empty otherwise. The same sums, with zeros among them; a
/// quarter of a crop. Does nothing where vectors are shorter or torch was built without oneDNN.
void pair_slices(std::shared_ptr<torch::jit::Graph> graph);

/// The same whatever the processor's vectors are.
void pair_slices_anywhere(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace lungrt::torchscript
