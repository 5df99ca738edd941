#include <gtest/gtest.h>

#include <string>

#include "core/bundle/sha256.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::TempFolder;

std::string hash(const std::string& text) { return sha256(text.data(), text.size()); }

// Messages of FIPS 180-4's examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256(nullptr, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// hashlib.sha256(b"".join(hashlib.sha256(b"x" * n).digest() for n in range(200))).hexdigest()
TEST(Sha256, PadsEveryLength) {
  std::string digests;
  for (std::size_t n = 0; n < 200; ++n) {
    const std::string digits = hash(std::string(n, 'x'));
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      digests += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
  }
  EXPECT_EQ(hash(digests), "f5e61141898898cdabae3590cb32e1901b40bdc59952302926213a44c105c129");
}

TEST(Sha256, ReadsFilesOfAnySize) {
  const TempFolder folder;
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200'000U}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7 + i / 256);
    EXPECT_EQ(sha256_of_file(folder.write("file", content)), hash(content)) << size;
  }
}

TEST(Sha256, RefusesWhatCannotBeRead) {
  const TempFolder folder;
  expect_error(ErrorCode::kIo, {"absent"}, [&] { sha256_of_file(folder.path() / "absent"); });
  expect_error(ErrorCode::kIo, {"regular file"}, [&] { sha256_of_file(folder.path()); });
}

}  // namespace
}  // namespace lungrt
