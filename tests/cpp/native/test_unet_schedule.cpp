#include <map>

#include "native/unet/schedule.h"
#include "native/weights_file.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

UnetGraph graph_of(const UnetOptions& options, Algorithm algorithm = Algorithm::kWinograd) {
  Tensors tensors = unet_file(options).tensors();
  return {options, tensors, algorithm};
}

/// Simulates a run and checks what each step finds in the rings of its inputs.
class Simulation {
 public:
  Simulation(const UnetGraph& graph, const UnetSchedule& schedule)
      : graph_(graph), schedule_(schedule), done_(graph.nodes().size()) {
    for (std::size_t n = 0; n < done_.size(); ++n) {
      rings_.emplace_back(size_of(std::max(1, extent(static_cast<int>(n)).kept_rows)), -1);
    }
  }

  /// Number of rows that steps read but that were not in the ring.
  int run() {
    for (const Step& step : schedule_.steps()) {
      read_inputs(step);
      write(step);
    }
    for (std::size_t n = 0; n < done_.size(); ++n) {
      // Rows of unpadded networks that are never read need not be computed.
      const bool last = n + 1 == done_.size();
      EXPECT_LE(done_[n], extent(static_cast<int>(n)).height);
      if (last) {
        EXPECT_EQ(done_[n], extent(static_cast<int>(n)).height);
      }
    }
    return missing_;
  }

 private:
  const Extent& extent(int node) const { return schedule_.extent(node); }

  /// Rows before the first and past the last are zeros.
  void read(int node, int y) {
    if (y < 0 || y >= extent(node).height) return;
    const std::vector<int>& ring = rings_[size_of(node)];
    if (ring[size_of(y) % ring.size()] != y) ++missing_;
  }

  void read_inputs(const Step& step) {
    const UnetNode& node = graph_.node(step.node);
    const int end = std::min(step.first_row + node.rows_per_step, extent(step.node).height);
    for (const Edge& edge : node.inputs) {
      const int from = edge.node;
      switch (node.kind) {
        case UnetNode::Kind::kConvolution: {
          // Whole strips are read, including those for output rows that do not exist. Their input
          // must also be from this slice; otherwise the last digits would depend on the previous
          // slice.
          const int past = node.winograd ? step.first_row + node.rows_per_step : end;
          for (int y = step.first_row; y < past + 2; ++y) {
            read(from, y + edge.crop - graph_.padding());
          }
          break;
        }
        case UnetNode::Kind::kPool:
          for (int y = 2 * step.first_row; y < 2 * end; ++y) must_read(from, y);
          break;
        case UnetNode::Kind::kUpConvolution:
          must_read(from, step.first_row / 2);
          break;
        case UnetNode::Kind::kUpsample:
          for (int y = step.first_row; y < end; ++y) {
            must_read(from, y / 2);
            read(from, y % 2 == 0 ? y / 2 - 1 : y / 2 + 1);
          }
          break;
        case UnetNode::Kind::kPointwise:
        case UnetNode::Kind::kProbability:
          for (int y = step.first_row; y < end; ++y) must_read(from, y + edge.crop);
          break;
        case UnetNode::Kind::kInput:
          FAIL() << "an input has no inputs";
      }
    }
  }

  /// The same for rows without a border.
  void must_read(int node, int y) {
    EXPECT_GE(y, 0);
    EXPECT_LT(y, extent(node).height);
    read(node, y);
  }

  void write(const Step& step) {
    const int rows = graph_.node(step.node).rows_per_step;
    int& done = done_[size_of(step.node)];
    EXPECT_EQ(step.first_row, done) << "rows come one after the other";
    std::vector<int>& ring = rings_[size_of(step.node)];
    for (int r = 0; r < rows && done < extent(step.node).height; ++r, ++done) {
      ring[size_of(done) % ring.size()] = done;
    }
  }

  const UnetGraph& graph_;
  const UnetSchedule& schedule_;
  std::vector<int> done_;
  std::vector<std::vector<int>> rings_;
  int missing_ = 0;
};

struct Member {
  const char* name;
  UnetOptions options;
};

std::vector<Member> members() {
  std::vector<Member> result;
  const auto add = [&](const char* name, auto change) {
    Member member{name, {}};
    member.options.widths = {2, 3, 2};
    member.options.in_channels = 3;
    change(member.options);
    result.push_back(member);
  };
  add("three levels", [](auto&) {});
  add("one level", [](auto& o) { o.widths = {4}; });
  add("two levels, a channel", [](auto& o) {
    o.widths = {4, 2};
    o.in_channels = 1;
  });
  add("five levels", [](auto& o) { o.widths = {2, 3, 2, 3, 2}; });
  add("bilinear", [](auto& o) { o.bilinear = true; });
  add("many channels", [](auto& o) { o.in_channels = 33; });
  add("unpadded", [](auto& o) { o.padding = false; });
  add("unpadded, two levels, bilinear", [](auto& o) {
    o.padding = false;
    o.bilinear = true;
    o.widths = {3, 2};
  });
  add("unpadded, four levels", [](auto& o) {
    o.padding = false;
    o.widths = {2, 2, 3, 2};
  });
  add("unpadded, five levels, bilinear", [](auto& o) {
    o.padding = false;
    o.bilinear = true;
    o.widths = {2, 2, 2, 2, 3};
  });
  return result;
}

TEST(UnetSchedule, ComputesEveryInputBeforeAndKeepsIt) {
  for (const Algorithm algorithm : {Algorithm::kWinograd, Algorithm::kDirect}) {
    for (const Member& member : members()) {
      const UnetGraph graph = graph_of(member.options, algorithm);
      const int multiple = 1 << (member.options.widths.size() - 1);
      for (int size = 1; size <= 40; ++size) {
        const int height = multiple * size + 2 * graph.halo();
        SCOPED_TRACE(::testing::Message() << member.name << ", " << height << " rows");
        const UnetSchedule schedule(graph, height, multiple + 2 * graph.halo());
        EXPECT_EQ(Simulation(graph, schedule).run(), 0);
      }
    }
  }
}

TEST(UnetSchedule, KnowsTheSizeOfEveryNode) {
  for (const Member& member : members()) {
    SCOPED_TRACE(member.name);
    const UnetGraph graph = graph_of(member.options);
    const int multiple = 1 << (member.options.widths.size() - 1);
    const int height = 6 * multiple + 2 * graph.halo();
    const int width = 5 * multiple + 2 * graph.halo();
    const UnetSchedule schedule(graph, height, width);
    const Extent& first = schedule.extent(0);
    EXPECT_EQ(first.height, height);
    EXPECT_EQ(first.width, width);
    const Extent& last = schedule.extent(static_cast<int>(graph.nodes().size()) - 1);
    EXPECT_EQ(last.height, 6 * multiple);
    EXPECT_EQ(last.width, 5 * multiple);
    for (const UnetNode& node : graph.nodes()) {
      if (node.inputs.size() < 2) continue;
      // Concatenated inputs have the same size after cropping.
      const Extent& risen = schedule.extent(node.inputs[0].node);
      const Extent& skip = schedule.extent(node.inputs[1].node);
      EXPECT_EQ(risen.height, skip.height - 2 * node.inputs[1].crop);
      EXPECT_EQ(risen.width, skip.width - 2 * node.inputs[1].crop);
    }
  }
}

TEST(UnetSchedule, KeepsFewRowsOfLargeSlices) {
  for (const Member& member : members()) {
    SCOPED_TRACE(member.name);
    const UnetGraph graph = graph_of(member.options);
    const int large = 1024 + 2 * graph.halo();
    const UnetSchedule schedule(graph, large, large);
    const UnetSchedule twice(graph, large + 1024, large);
    // A node keeps as many rows as the levels below it need for their first row: at most some
    // strips per level (a strip of the next level is twice as many rows), plus the rows that
    // unpadded levels remove. This does not depend on the height.
    const int levels = static_cast<int>(member.options.widths.size());
    const int most = 8 * kTile * (1 << levels) + 2 * graph.halo();
    for (int n = 0; n < static_cast<int>(graph.nodes().size()); ++n) {
      EXPECT_LE(schedule.extent(n).kept_rows, most) << "node " << n;
      EXPECT_EQ(schedule.extent(n).kept_rows, twice.extent(n).kept_rows) << "node " << n;
    }
  }
}

/// The native engine's memory and cache behaviour depend on this.
TEST(UnetSchedule, KeepsLessThanATenthOfTheBooksNetwork) {
  const UnetGraph graph = graph_of({});
  const UnetSchedule schedule(graph, 512, 512);
  std::int64_t kept = 0;
  std::int64_t all = 0;
  for (int n = 0; n < static_cast<int>(graph.nodes().size()); ++n) {
    const Extent& extent = schedule.extent(n);
    const std::int64_t row = std::int64_t{extent.width} * blocks_of(graph.node(n).channels);
    kept += row * extent.kept_rows;
    all += row * extent.height;
  }
  EXPECT_LT(10 * kept, all);
}

}  // namespace
}  // namespace lungrt::native
