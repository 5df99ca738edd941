// Files of goldens: pairs of inputs and outputs, and nothing else.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/goldens.h"
#include "native/weights_file.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using native::testing::WeightsFile;
using testing::expect_error;
using testing::TempFolder;

std::string write(const TempFolder& folder, const WeightsFile& file) {
  return folder.write("golden.safetensors", file.bytes()).string();
}

TEST(Goldens, AreReadInTheOrderOfTheirNumbers) {
  const TempFolder folder;
  WeightsFile file;
  for (int n = 0; n < 12; ++n) {  // names sort input_10 before input_2
    const auto value = static_cast<float>(n);
    file.content.tensors["input_" + std::to_string(n)] = {{1, 1, 2}, {value, value}};
    file.content.tensors["output_" + std::to_string(n)] = {{1, 1}, {-value}};
  }
  const std::vector<Golden> goldens = read_goldens(write(folder, file));
  ASSERT_EQ(goldens.size(), 12U);
  for (int n = 0; n < 12; ++n) {
    const auto& [input, output] = goldens[static_cast<std::size_t>(n)];
    EXPECT_EQ(input.shape, (std::vector<std::int64_t>{1, 1, 2}));
    EXPECT_EQ(input.values, std::vector<float>(2, static_cast<float>(n)));
    EXPECT_EQ(output.values, std::vector<float>(1, static_cast<float>(-n)));
  }
}

TEST(Goldens, RefuseFilesOfSomethingElse) {
  const TempFolder folder;
  const auto refuse = [&](const std::vector<std::string>& names, const char* found) {
    WeightsFile file;
    for (const std::string& name : names) file.content.tensors[name] = {{1, 1}, {0.5F}};
    expect_error(ErrorCode::kBadBundle, {"golden.safetensors", found, "export the bundle again"},
                 [&] { read_goldens(write(folder, file)); });
  };
  refuse({}, "found none");
  refuse({"input_0"}, "found input_0");
  refuse({"input_0", "output_1"}, "found input_0, output_1");
  refuse({"input_1", "output_1"}, "found input_1, output_1");
  refuse({"input_0", "output_0", "extra"}, "found extra, input_0, output_0");
  refuse({"input_0", "output_0", "input_2", "output_2"}, "found input_0, input_2");
}

TEST(Goldens, RefuseTensorsWithoutValues) {
  const TempFolder folder;
  for (const char* empty : {"input_0", "output_0"}) {
    WeightsFile file;
    for (const char* name : {"input_0", "output_0"}) file.content.tensors[name] = {{1, 1}, {0.5F}};
    file.content.tensors[empty] = {{0, 1}, {}};
    expect_error(ErrorCode::kBadBundle,
                 {("tensor " + std::string(empty) + " has no values").c_str()},
                 [&] { read_goldens(write(folder, file)); });
  }
}

TEST(Goldens, RefuseWhatIsNoFileOfTensors) {
  const TempFolder folder;
  expect_error(ErrorCode::kBadBundle, {"golden.safetensors: not a safetensors file"},
               [&] { read_goldens(folder.write("golden.safetensors", "hello").string()); });
  expect_error(ErrorCode::kIo, {"cannot read"},
               [&] { read_goldens((folder.path() / "absent").string()); });
}

}  // namespace
}  // namespace lungrt
