/// Tables of text.
#pragma once

#include <string>
#include <vector>

#include "console.h"

namespace lungrt::cli {

class Table {
 public:
  struct Column {
    std::string heading;  ///< of several lines where it holds '\n'
    bool right = false;   ///< aligned at the right
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// \param last  how the last cell is shown
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
