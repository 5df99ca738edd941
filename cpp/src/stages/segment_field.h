/// Segmentation of a part of a volume, as far as its components go.
#pragma once

#include "ops/lung_field/lung_field.h"
#include "stages/segment.h"

namespace lungrt {

/// Sets the scan's mask in the field and around it, such that every component of the eroded mask
/// that may have its centre in the field is whole: the same as in a segmentation of all slices.
/// Windows around the field are grown wherever such a component may go on beyond them.
void segment_field(const Segmenter& segmenter, PlacedScan& scan, const ops::CellField& field,
                   const RunControl& control);

}  // namespace lungrt
