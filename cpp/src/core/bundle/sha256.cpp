#include "core/bundle/sha256.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

#include "lungrt/error.h"

namespace lungrt {
namespace {

using Word = std::uint32_t;

constexpr std::size_t kBlock = 64;

// FIPS 180-4, 4.2.2: first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<Word, 64> kRound{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// One round: `d` and `h` become the new `e` and `a`.
inline void round(Word a, Word b, Word c, Word& d, Word e, Word f, Word g, Word& h, Word input) {
  const Word s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
  const Word choice = (e & f) ^ (~e & g);
  const Word s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
  const Word majority = (a & b) ^ (a & c) ^ (b & c);
  const Word t1 = h + s1 + choice + input;
  d += t1;
  h = t1 + s0 + majority;
}

class Hasher {
 public:
  void update(const unsigned char* data, std::size_t bytes) {
    total_ += bytes;
    if (pending_bytes_ > 0) {
      const std::size_t taken = std::min(bytes, kBlock - pending_bytes_);
      std::memcpy(pending_.data() + pending_bytes_, data, taken);
      pending_bytes_ += taken;
      data += taken;
      bytes -= taken;
      if (pending_bytes_ < kBlock) return;
      compress(pending_.data());
      pending_bytes_ = 0;
    }
    for (; bytes >= kBlock; data += kBlock, bytes -= kBlock) compress(data);
    if (bytes > 0) std::memcpy(pending_.data(), data, bytes);
    pending_bytes_ = bytes;
  }

  std::string finish() {
    // A one bit, zeros up to eight bytes below a multiple of 64, the length in bits.
    const std::uint64_t bits = total_ * 8;
    std::array<unsigned char, 2 * kBlock> tail{0x80};
    const std::size_t room = (pending_bytes_ < kBlock - 8 ? kBlock : 2 * kBlock) - pending_bytes_;
    for (std::size_t i = 0; i < 8; ++i) {
      tail[room - 1 - i] = static_cast<unsigned char>(bits >> (8 * i));
    }
    update(tail.data(), room);

    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const Word word : state_) {
      for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[word >> shift & 15];
    }
    return text;
  }

 private:
  void compress(const unsigned char* block) {
    std::array<Word, 64> schedule;
    for (std::size_t t = 0; t < 16; ++t) {
      schedule[t] = Word{block[4 * t]} << 24 | Word{block[4 * t + 1]} << 16 |
                    Word{block[4 * t + 2]} << 8 | Word{block[4 * t + 3]};
    }
    for (std::size_t t = 16; t < 64; ++t) {
      const Word x = schedule[t - 15], y = schedule[t - 2];
      const Word s0 = std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
      const Word s1 = std::rotr(y, 17) ^ std::rotr(y, 19) ^ (y >> 10);
      schedule[t] = s1 + schedule[t - 7] + s0 + schedule[t - 16];
    }
    // Instead of moving all eight values one place in every round, each round names them so.
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < 64; t += 8) {
      const Word* k = kRound.data() + t;
      const Word* w = schedule.data() + t;
      round(a, b, c, d, e, f, g, h, k[0] + w[0]);
      round(h, a, b, c, d, e, f, g, k[1] + w[1]);
      round(g, h, a, b, c, d, e, f, k[2] + w[2]);
      round(f, g, h, a, b, c, d, e, k[3] + w[3]);
      round(e, f, g, h, a, b, c, d, k[4] + w[4]);
      round(d, e, f, g, h, a, b, c, k[5] + w[5]);
      round(c, d, e, f, g, h, a, b, k[6] + w[6]);
      round(b, c, d, e, f, g, h, a, k[7] + w[7]);
    }
    const std::array<Word, 8> worked{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += worked[i];
  }

  // FIPS 180-4, 5.3.3: first 32 bits of the fractions of the square roots of the first 8 primes.
  std::array<Word, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kBlock> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

std::string sha256(const void* data, std::size_t bytes) {
  Hasher hasher;
  hasher.update(static_cast<const unsigned char*>(data), bytes);
  return hasher.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  constexpr std::size_t kChunk = 1 << 16;
  std::ifstream stream(path, std::ios::binary);
  std::vector<char> chunk(kChunk);
  Hasher hasher;
  while (stream) {
    stream.read(chunk.data(), static_cast<std::streamsize>(kChunk));
    hasher.update(reinterpret_cast<const unsigned char*>(chunk.data()),
                  static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof()) {
    throw Error(ErrorCode::kIo, "cannot read " + path.string() +
                                    "; check that it is a regular file that you may read");
  }
  return hasher.finish();
}

}  // namespace lungrt
