#include <gtest/gtest.h>

#include <map>

#include "ops/lung_field/cell_test.h"
#include "ops/lung_field/morphology.h"
#include "ops/lung_field/pieces.h"

namespace lungrt::ops {
namespace {

using testing::drawn;
using testing::random_mask;

TEST(Pieces, AreNumberedInScanOrder) {
  const Pieces pieces =
      pieces_of(drawn({"#.#", "#.#", "###", "...", "..#"}), Connectivity::kVolume);
  EXPECT_EQ(pieces.count, 2);
  EXPECT_EQ(pieces.cells, (std::vector<std::int64_t>{7, 7, 1}));
  EXPECT_EQ(pieces.labels.at(0, 0, 2), 1);  // joins the first piece some rows later
  EXPECT_EQ(pieces.labels.at(0, 4, 2), 2);
  EXPECT_EQ(pieces.largest(), 1);
  EXPECT_EQ(pieces_of(drawn({"..."}), Connectivity::kVolume).largest(), 0);
}

TEST(Pieces, AreWhatCanBeReachedFromTheirFirstCell) {
  for (const VolumeShape shape : {VolumeShape{5, 7, 9}, {1, 20, 20}, {12, 1, 12}}) {
    for (const double share : {0.3, 0.5, 0.7}) {
      const CellMask mask = random_mask(shape, share, 11);
      const Pieces pieces = pieces_of(mask, Connectivity::kVolume);
      std::int32_t next = 1;
      CellMask done(shape);
      for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
        if (!mask[cell] || done[cell]) continue;
        CellMask seed(shape);
        seed[cell] = 1;
        const CellMask piece = reach(seed, mask);
        for (std::int64_t other = 0; other < mask.size(); ++other) {
          ASSERT_TRUE(!piece[other] || pieces.labels[other] == next);
        }
        add(done, piece);
        ++next;
      }
      EXPECT_EQ(pieces.count, next - 1);
    }
  }
}

TEST(Pieces, DoNotLeaveTheirSliceWhereThatIsAsked) {
  CellMask column({3, 1, 1});
  for (std::int64_t s = 0; s < 3; ++s) column[s] = 1;
  EXPECT_EQ(pieces_of(column, Connectivity::kInSlice).count, 3);
  EXPECT_EQ(pieces_of(column, Connectivity::kVolume).count, 1);
}

TEST(Pieces, KnowTheirCellsAndWhetherTheyTouchTheEdge) {
  const Pieces pieces =
      pieces_of(drawn({".....", ".#..#", ".#...", "....."}), Connectivity::kInSlice);
  EXPECT_EQ(touching_edge(pieces), (std::vector<std::uint8_t>{0, 0, 1}));
  const PieceCells cells = cells_by_piece(pieces);
  EXPECT_EQ(std::vector<std::int64_t>(cells.begin(1), cells.end(1)),
            (std::vector<std::int64_t>{6, 11}));
  EXPECT_EQ(std::vector<std::int64_t>(cells.begin(2), cells.end(2)),
            (std::vector<std::int64_t>{9}));
}

}  // namespace
}  // namespace lungrt::ops
