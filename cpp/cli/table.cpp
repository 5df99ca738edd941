#include "table.h"

#include <algorithm>
#include <sstream>

namespace lungrt::cli {
namespace {

/// Number of characters of a UTF-8 text.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

}  // namespace

void Table::print() const {
  std::vector<std::vector<std::string>> headings;
  std::size_t heading_lines = 0;
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    headings.push_back(lines(columns_[c].heading));
    heading_lines = std::max(heading_lines, headings.back().size());
    widths.push_back(0);
    for (const std::string& line : headings[c]) widths[c] = std::max(widths[c], width(line));
    for (const Row& row : rows_) widths[c] = std::max(widths[c], width(row.cells[c]));
  }
  const auto line = [&](const std::vector<std::string>& cells, Style all, Style last) {
    std::string text;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string padding(widths[c] - width(cells[c]), ' ');
      const bool final = c + 1 == cells.size();
      const std::string cell = final ? styled(cells[c], last) : cells[c];
      // The last cell of a line needs no padding.
      text += columns_[c].right ? padding + cell : cell + (final ? "" : padding);
      if (!final) text += "  ";
    }
    cli::print(text, all);
  };
  for (std::size_t number = 0; number < heading_lines; ++number) {
    std::vector<std::string> cells;
    for (const auto& heading : headings) {
      cells.push_back(number < heading.size() ? heading[number] : "");
    }
    line(cells, Style::kBold, Style::kPlain);
  }
  for (const Row& row : rows_) line(row.cells, Style::kPlain, row.last);
}

}  // namespace lungrt::cli
