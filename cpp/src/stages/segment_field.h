/// Segmentation of the lung field and of all components that extend beyond it.
#pragma once

#include "ops/lung_field/lung_field.h"
#include "stages/segment.h"

namespace lungrt {

/// Sets the scan's mask in and around the field, such that every component of the eroded mask that
/// may have its centre in the field is complete: identical to the one in a segmentation of all
/// slices. Windows around the field are widened wherever such a component may continue beyond them.
void segment_field(const Segmenter& segmenter, PlacedScan& scan, const ops::CellField& field,
                   const RunControl& control);

}  // namespace lungrt
