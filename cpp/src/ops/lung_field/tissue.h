/// Classification of cells: body, air inside of it, and outside.
#pragma once

#include "ops/lung_field/coarse_grid.h"

namespace lungrt::ops {

/// Below it a cell is air, inside or outside of the body (HU).
inline constexpr float kAirHu = -400.0F;

/// Classes of cells. All masks have the grid's shape.
struct Tissue {
  CellMask body;        ///< the largest piece of tissue
  CellMask outside;     ///< air around the body and the scanner's padding
  CellMask inner_air;   ///< air that is not outside: lungs, airway, bowel gas
  CellMask taken_back;  ///< the part of inner_air that touches the scan's edge but looks like lung
  Cells<std::uint8_t> enclosure;  ///< how many of four rays within the slice meet the body
};

Tissue find_tissue(const CoarseGrid& grid);

}  // namespace lungrt::ops
