/// Text tables.
#pragma once

#include <string>
#include <vector>

#include "console.h"

namespace lungrt::cli {

/// A table with aligned columns.
class Table {
 public:
  struct Column {
    std::string heading;  ///< may contain '\n' for several lines
    bool right = false;   ///< whether cells are right-aligned
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Adds a row.
  /// \param last  style of the last cell
  void add(std::vector<std::string> cells, Style last = Style::kPlain) {
    rows_.push_back({std::move(cells), last});
  }
  void print() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Style last;
  };

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace lungrt::cli
