#include "native/unet/schedule.h"

#include <algorithm>

namespace lungrt::native {
namespace {

struct RowRange {
  int first;
  int end;
};

/// Rows of an input that some rows of a node need; they may lie outside of the input.
RowRange needed_rows(const UnetGraph& graph, const UnetNode& node, const Edge& edge,
                     RowRange rows) {
  switch (node.kind) {
    case UnetNode::Kind::kConvolution: {
      const int offset = edge.crop - graph.padding();
      return {rows.first + offset, rows.end + 2 + offset};
    }
    case UnetNode::Kind::kPool:
      return {2 * rows.first, 2 * rows.end};
    case UnetNode::Kind::kUpConvolution:
      return {rows.first / 2, (rows.end + 1) / 2};
    case UnetNode::Kind::kUpsample:
      return {rows.first / 2 - 1, (rows.end + 1) / 2 + 1};
    default:
      return {rows.first + edge.crop, rows.end + edge.crop};
  }
}

Extent extent_of(const UnetGraph& graph, const UnetNode& node, const Extent& input) {
  const int cut = 2 * node.inputs.front().crop;
  switch (node.kind) {
    case UnetNode::Kind::kConvolution: {
      const int lost = cut + 2 - 2 * graph.padding();
      return {input.height - lost, input.width - lost, 0};
    }
    case UnetNode::Kind::kPool:
      return {input.height / 2, input.width / 2, 0};
    case UnetNode::Kind::kUpConvolution:
    case UnetNode::Kind::kUpsample:
      return {2 * input.height, 2 * input.width, 0};
    default:
      return {input.height - cut, input.width - cut, 0};
  }
}

class Scheduler {
 public:
  Scheduler(const UnetGraph& graph, std::vector<Extent>& extents, std::vector<Step>& steps)
      : graph_(graph),
        extents_(extents),
        steps_(steps),
        done_(graph.nodes().size(), 0),
        consumers_(graph.nodes().size()) {
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
      for (const Edge& edge : graph.nodes()[n].inputs) {
        consumers_[static_cast<std::size_t>(edge.node)].push_back({static_cast<int>(n), edge});
      }
    }
  }

  /// Schedules the missing steps until a node has its first `rows` rows.
  void demand(int index, int rows) {
    const auto at = static_cast<std::size_t>(index);
    const UnetNode& node = graph_.node(index);
    rows = std::min(rows, extents_[at].height);
    while (done_[at] < rows) {
      const RowRange range{done_[at], done_[at] + node.rows_per_step};
      for (const Edge& edge : node.inputs) {
        demand(edge.node, needed_rows(graph_, node, edge, clipped(range, at)).end);
      }
      const int kept = std::min(range.end, extents_[at].height) - oldest_needed(at);
      extents_[at].kept_rows = std::max(extents_[at].kept_rows, kept);
      steps_.push_back({index, range.first});
      done_[at] = std::min(range.end, extents_[at].height);
    }
  }

 private:
  struct Consumer {
    int node;
    Edge edge;
  };

  RowRange clipped(RowRange range, std::size_t at) const {
    return {range.first, std::min(range.end, extents_[at].height)};
  }

  /// First row of a node that a consumer still has to read.
  int oldest_needed(std::size_t at) const {
    int oldest = done_[at];
    for (const Consumer& consumer : consumers_[at]) {
      const auto to = static_cast<std::size_t>(consumer.node);
      const int next = done_[to];
      if (next >= extents_[to].height) continue;
      const RowRange rows =
          needed_rows(graph_, graph_.node(consumer.node), consumer.edge, {next, next + 1});
      oldest = std::min(oldest, std::max(rows.first, 0));
    }
    return oldest;
  }

  const UnetGraph& graph_;
  std::vector<Extent>& extents_;
  std::vector<Step>& steps_;
  std::vector<int> done_;
  std::vector<std::vector<Consumer>> consumers_;
};

}  // namespace

UnetSchedule::UnetSchedule(const UnetGraph& graph, int height, int width) {
  for (const UnetNode& node : graph.nodes()) {
    extents_.push_back(node.inputs.empty()
                           ? Extent{height, width, 0}
                           : extent_of(graph, node, extent(node.inputs.front().node)));
  }
  const int last = static_cast<int>(graph.nodes().size()) - 1;
  Scheduler(graph, extents_, steps_).demand(last, extent(last).height);
}

}  // namespace lungrt::native
