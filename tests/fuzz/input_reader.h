/// Splits the fuzzer's bytes into values; everything past their end is zero.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace lungrt::fuzz {

class InputReader {
 public:
  explicit InputReader(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  /// Any value of a trivial type, bit by bit.
  template <typename T>
  T raw() {
    T value{};
    const std::size_t count = std::min(sizeof value, bytes_.size());
    std::memcpy(&value, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return value;
  }

  /// An integer in [least, most], from one byte.
  std::int64_t small(std::int64_t least, std::int64_t most) {
    return least + raw<std::uint8_t>() % (most - least + 1);
  }

  bool flag() { return (raw<std::uint8_t>() & 1) != 0; }

  /// A number that is plausible in a header or, depending on its first byte, one that is not.
  double number() {
    static constexpr std::array<double, 12> kOdd{0.0,
                                                 -0.0,
                                                 -1.0,
                                                 std::numeric_limits<double>::quiet_NaN(),
                                                 std::numeric_limits<double>::infinity(),
                                                 -std::numeric_limits<double>::infinity(),
                                                 std::numeric_limits<double>::max(),
                                                 std::numeric_limits<double>::lowest(),
                                                 std::numeric_limits<double>::min(),
                                                 std::numeric_limits<double>::denorm_min(),
                                                 1e-9,
                                                 1e9};
    const auto kind = raw<std::uint8_t>();
    if (kind < kOdd.size()) return kOdd[kind];
    if (kind < 32) return raw<double>();
    return raw<std::int16_t>() / 64.0;
  }

 private:
  std::string_view bytes_;
};

}  // namespace lungrt::fuzz
