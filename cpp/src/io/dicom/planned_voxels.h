/// Voxels of a volume whose layout is planned.
#pragma once

#include <string>
#include <vector>

#include "io/dicom/codec.h"
#include "io/dicom/slice.h"
#include "io/workers.h"
#include "lungrt/series.h"
#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads, interpolates and shifts slices as their layout says.
/// \param slices  those whose headers were planned, in that order
/// \throws Error kIo, kBadVolume, kCancelled
CtVolume read_planned(const std::vector<DicomSlice>& slices, const SeriesLayout& layout,
                      const Workers& workers, const Codec& codec);

}  // namespace lungrt::io
