#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/bundle/safetensors.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::TempFolder;

using Words = std::initializer_list<const char*>;

std::string with_length(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + data;
}

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

json entry(const json& shape, const json& offsets, const json& dtype = "F32") {
  return {{"dtype", dtype}, {"shape", shape}, {"data_offsets", offsets}};
}

/// Two tensors and two texts; the values of the tensors are not in the order of their names.
json example_header() {
  return {{"a", entry({2, 3}, {4, 28})},
          {"b", entry(json::array(), {0, 4})},
          {"__metadata__", {{"format", "test"}, {"empty", ""}}}};
}

std::string example_data() { return bytes_of({7, 1, 2, 3, 4, 5, 6}); }

std::string example() { return with_length(example_header().dump(), example_data()); }

void refuse(const std::string& bytes, Words words) {
  expect_error(ErrorCode::kBadBundle, {"w.st: "}, [&] { parse_safetensors(bytes, "w.st"); });
  expect_error(ErrorCode::kBadBundle, words, [&] { parse_safetensors(bytes, "w.st"); });
}

void refuse_header(const json& header, Words words) {
  SCOPED_TRACE(header.dump());
  refuse(with_length(header.dump(), example_data()), words);
}

/// One value of the example's header, changed.
void refuse_with(const char* pointer, const json& value, Words words) {
  json header = example_header();
  header[json::json_pointer(pointer)] = value;
  refuse_header(header, words);
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const Safetensors content = parse_safetensors(example(), "w.st");
  ASSERT_EQ(content.tensors.size(), 2U);
  EXPECT_EQ(content.tensors.at("a").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(content.tensors.at("a").values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(content.tensors.at("b").shape.empty());
  EXPECT_EQ(content.tensors.at("b").values, (std::vector<float>{7}));
  EXPECT_EQ(content.metadata,
            (std::map<std::string, std::string>{{"empty", ""}, {"format", "test"}}));
}

TEST(Safetensors, ReadsWhatIsUnusualAndAllowed) {
  const Safetensors nothing = parse_safetensors(with_length("{}", ""), "w.st");
  EXPECT_TRUE(nothing.tensors.empty() && nothing.metadata.empty());

  // Writers may pad the header with spaces to align the values; the reader does not require it.
  const json header{{"empty", entry({3, 0, 2}, {4, 4})}, {"one", entry({1, 1, 1, 1, 1}, {0, 4})}};
  for (const char* spaces : {"", "   "}) {
    const Safetensors content =
        parse_safetensors(with_length(header.dump() + spaces, bytes_of({0.5F})), "w.st");
    EXPECT_EQ(content.tensors.at("empty").shape, (std::vector<std::int64_t>{3, 0, 2}));
    EXPECT_TRUE(content.tensors.at("empty").values.empty());
    EXPECT_EQ(content.tensors.at("one").values, (std::vector<float>{0.5F}));
  }
}

TEST(Safetensors, KeepsEveryBitOfAValue) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{std::nanf("1"), -infinity, -0.0F, 1e-45F};
  const json header{{"x", entry({4}, {0, 16})}};
  const Safetensors content = parse_safetensors(with_length(header.dump(), bytes_of(odd)), "w");
  EXPECT_EQ(bytes_of(content.tensors.at("x").values), bytes_of(odd));
}

TEST(Safetensors, RefusesAHeaderThatCannotBe) {
  refuse("", {"not a safetensors file", "it has 0 bytes", "at least the 8"});
  refuse("1234567", {"it has 7 bytes", "export or copy the bundle again"});
  refuse(with_length("{}", "").substr(0, 9),
         {"truncated", "claims 2 bytes, but only 1 byte follow"});
  refuse(std::string(8, '\0'), {"not a safetensors file", "does not begin with '{'"});
  refuse(with_length("[]", ""), {"not a safetensors file", "does not begin with '{'"});
  refuse(with_length(" {}", ""), {"not a safetensors file", "does not begin with '{'"});
  refuse(with_length("{}}", ""), {"not JSON"});
  refuse(with_length("{", ""), {"not JSON"});
  refuse(with_length("{\"a\xff\": 1}", ""), {"not JSON"});
  refuse(with_length(std::string("{}\0x", 4), ""), {"not JSON", "byte 2 is zero"});
  // Claimed sizes for which no memory may be allocated.
  refuse(std::string(8, '\xff') + "{}", {"claims 18446744073709551615 bytes", "100000000"});
  std::string most(8, '\0');
  const std::uint64_t limit = 100'000'000;
  std::memcpy(most.data(), &limit, sizeof limit);
  refuse(most + "{}", {"truncated", "claims 100,000,000 bytes, but only 2 bytes follow"});
}

TEST(Safetensors, RefusesRepeatedFields) {
  const std::string x = R"("x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  refuse(with_length("{" + x + "," + x + "}", bytes_of({1})), {"'x' occurs twice"});
  refuse(with_length(R"({"x":{"dtype":"F32","dtype":"F32"}})", ""), {"'dtype' occurs twice"});
  refuse(with_length(R"({"__metadata__":{"a":"1","a":"1"}})", ""), {"'a' occurs twice"});
}

TEST(Safetensors, RefusesMetadataThatIsNoText) {
  refuse_with("/__metadata__", json::array(), {"__metadata__ is []", "an object"});
  refuse_with("/__metadata__/format", 1, {"__metadata__.format is 1", "text"});
  refuse_with("/__metadata__/format", nullptr, {"__metadata__.format is null", "text"});
}

TEST(Safetensors, RefusesEntriesThatAreNotOfTheFormat) {
  refuse_with("/a", 1, {"a is 1", "an object"});
  refuse_with("/a/strides", 1, {"unknown field 'strides' in a", "data_offsets"});
  for (const char* field : {"dtype", "shape", "data_offsets"}) {
    json header = example_header();
    header["a"].erase(field);
    refuse_header(header, {"field '", field, "' is missing in a"});
  }
  for (const char* dtype : {"F64", "F16", "BF16", "I64", "BOOL", "f32", ""}) {
    refuse_with("/a/dtype", dtype, {"a.dtype is \"", dtype, "expected \"F32\""});
  }
  refuse_with("/a/dtype", 32, {"a.dtype is 32", "expected \"F32\""});
}

TEST(Safetensors, RefusesNamesThatNoMessageCanShow) {
  for (const std::string& name : {std::string(), std::string("a\x1b[2J"), std::string(257, 'a')}) {
    refuse_header({{name, entry({7}, {0, 28})}},
                  {"invalid name of a tensor: expected 1 to 256 bytes"});
  }
}

TEST(Safetensors, RefusesShapesThatCannotBe) {
  refuse_with("/a/shape", 6, {"a.shape is 6", "an array"});
  refuse_with("/a/shape", {1, 1, 1, 1, 2, 3}, {"a.shape is [1,1,1,1,2,3]", "at most 5 axes"});
  refuse_with("/a/shape", {-2, -3}, {"a.shape[0] is -2", "from 0 to"});
  refuse_with("/a/shape", {2.0, 3}, {"a.shape[0] is 2.0", "a whole number"});
  refuse_with("/a/shape", {18446744073709551615ULL}, {"a.shape[0]", "a whole number"});
  const std::int64_t huge = std::int64_t{1} << 62;
  refuse_with("/a/shape", {huge}, {"a.shape is", "whose product does not overflow"});
  refuse_with("/a/shape", {huge, huge}, {"a.shape is", "whose product does not overflow"});
  refuse_with("/a/shape", {std::int64_t{1} << 32, std::int64_t{1} << 32},
              {"whose product does not overflow"});
  // The tensor is empty, but multiplying its axes from the left overflows.
  refuse_with("/a/shape", {huge, huge, 0}, {"whose product does not overflow"});
  // Large but possible; it only does not fit the file.
  refuse_with("/a/shape", {huge / 4}, {"a.data_offsets is [4,28]", "the size of its shape"});
}

TEST(Safetensors, RefusesOffsetsThatDoNotFitTheShapeOrTheFile) {
  refuse_with("/a/data_offsets", 4, {"a.data_offsets is 4", "an array"});
  refuse_with("/a/data_offsets", {4}, {"a.data_offsets is [4]", "two numbers"});
  refuse_with("/a/data_offsets", {4, 28, 28}, {"two numbers"});
  refuse_with("/a/data_offsets", {-4, 20}, {"a.data_offsets[0] is -4"});
  refuse_with("/a/data_offsets", {4, "28"}, {"a.data_offsets[1] is \"28\""});
  refuse_with("/a/data_offsets", {28, 4}, {"the lower number first"});
  refuse_with("/a/data_offsets", {8, 32}, {"within the 28 bytes that follow the header"});
  refuse_with("/a/data_offsets", {4, 9223372036854775807}, {"within the 28 bytes"});
  refuse_with("/a/data_offsets", {4, 24},
              {"a.data_offsets is [4,24]", "24 bytes, the size of its shape"});
  refuse_with("/a/shape", {2, 2}, {"a.data_offsets is [4,28]", "16 bytes, the size of its shape"});
  refuse_with("/b/data_offsets", {0, 0},
              {"b.data_offsets is [0,0]", "4 bytes, the size of its shape"});
}

TEST(Safetensors, RefusesBytesOfTwoTensorsOrOfNone) {
  refuse_with("/b/data_offsets", {4, 8}, {"are not used by any tensor"});
  refuse_with("/a/data_offsets", {0, 24}, {"tensors b and a overlap"});
  refuse_with("/c", entry({0}, {8, 8}), {"tensors a and c overlap"});
  json header = example_header();
  header.erase("b");
  refuse_header(header,
                {"bytes 0 to 4 after the header, before tensor a, are not used by any tensor"});
  header = example_header();
  header.erase("a");
  refuse_header(header, {"the tensors leave 24 bytes at the end of the file unused"});
  refuse(example() + "x", {"leave 1 byte at the end of the file unused"});
  refuse(with_length("{}", "x"), {"leave 1 byte at the end"});
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole = example();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    refuse(whole.substr(0, size), {});
  }
}

// Whatever value a byte is changed to, the file is either read or refused.
TEST(Safetensors, SurvivesEveryChangedByte) {
  const std::string whole = example();
  int read = 0, refused = 0;
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = whole;
      changed[place] = static_cast<char>(changed[place] ^ change);
      try {
        const Safetensors content = parse_safetensors(changed, "w.st");
        for (const auto& [name, tensor] : content.tensors) {
          std::int64_t count = 1;
          for (const std::int64_t size : tensor.shape) count *= size;
          ASSERT_EQ(tensor.values.size(), static_cast<std::size_t>(count));
        }
        ++read;
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::kBadBundle) << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GE(read, 28 * 255);  // the values: any bits are a float
  EXPECT_GT(refused, 100 * 255);
}

TEST(Safetensors, ReadsAFile) {
  const TempFolder folder;
  const Safetensors content = read_safetensors(folder.write("w.st", example()));
  EXPECT_EQ(content.tensors.at("b").values, (std::vector<float>{7}));
  const auto damaged = folder.write("damaged.st", example() + "x");
  expect_error(ErrorCode::kBadBundle, {damaged.c_str(), "1 byte"},
               [&] { read_safetensors(damaged); });
}

TEST(Safetensors, SaysWhichFileCannotBeRead) {
  const TempFolder folder;
  expect_error(ErrorCode::kIo, {"cannot read", "missing.st", "No such file"},
               [&] { read_safetensors(folder.path() / "missing.st"); });
  expect_error(ErrorCode::kIo, {"cannot read", "directory"},
               [&] { read_safetensors(folder.path()); });
  expect_error(ErrorCode::kIo, {"cannot read", "/dev/null"},
               [&] { read_safetensors("/dev/null"); });
}

}  // namespace
}  // namespace lungrt
