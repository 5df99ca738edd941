#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/bundle/compiled_files.h"
#include "expect_error.h"
#include "native/weights_file.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::CompiledFiles;
using testing::expect_error;

TEST(Compiled, FindsEverySize) {
  const CompiledFiles files;
  json other = files.record();
  other["input"]["shape"] = {1, 7, 72, 48};
  other["output"]["shape"] = {1, 1, 32, 8};
  const fs::path first = files.write(files.record());
  files.write(other, "32x8");
  files.write(other, ".lungrt-new-0123456789abcdef.32x8");  // another process is still writing it

  const std::vector<CompiledModel> models = files.find();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].file, first / "model.pt2");
  EXPECT_EQ(models[0].input_shape, (std::vector<std::int64_t>{1, 7, 56, 64}));
  EXPECT_EQ(models[0].output_shape, (std::vector<std::int64_t>{1, 1, 16, 24}));
  EXPECT_TRUE(models[0].channels_last);
  EXPECT_EQ(models[1].input_shape, (std::vector<std::int64_t>{1, 7, 72, 48}));
}

TEST(Compiled, LiesInTheUsersCache) {
  const CompiledFiles files;
  const Bundle bundle = files.bundle();
  setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(compiled_folder(bundle, StageKind::kNodule, 3),
            fs::path("/cache/lungrt/compiled") / bundle.sha256() / "nodule" / "member-3");

  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  setenv("HOME", "/home/somebody", 1);
  setenv("XDG_CACHE_HOME", "relative", 1);  // the specification says to ignore relative paths
  EXPECT_EQ(compiled_cache(), "/home/somebody/.cache/lungrt/compiled");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(compiled_cache(), "/home/somebody/.cache/lungrt/compiled");
  setenv("HOME", "", 1);
  expect_error(ErrorCode::kIo, {"XDG_CACHE_HOME", "HOME"}, [] { compiled_cache(); });
  setenv("HOME", home.c_str(), 1);
}

TEST(Compiled, SaysHowToCompile) {
  const CompiledFiles files;
  expect_error(ErrorCode::kEngineUnavailable,
               {"stage segmentation", "has not been compiled on this machine",
                "is missing or empty", "cache/lungrt/compiled/", "run `lungrt compile ", "bundle`"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesAnotherProcessor) {
  const CompiledFiles files;
  json record = files.record();
  record["cpu"]["digest"] = std::string(64, 'd');
  record["cpu"]["model"] = "Imaginary 9000 CPU";
  files.write(record);
  expect_error(ErrorCode::kEngineUnavailable,
               {"compiled for another processor: Imaginary 9000 CPU", "dddddddd",
                "compile it again: `lungrt compile ", "--size 16x24"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesAnotherInstructionSetOfTheRuntime) {
  CompiledFiles files;
  files.write(files.record());
  files.runtime.capability = "nightmare";
  expect_error(ErrorCode::kEngineUnavailable, {"with imagination", "with nightmare"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesAnotherRuntime) {
  CompiledFiles files;
  files.write(files.record());
  files.runtime.version = "fake 1.1";
  expect_error(ErrorCode::kUnsupportedVersion,
               {"compiled with fake 1.0, but the installed version is fake 1.1", "--size 16x24"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesAnotherCheckpoint) {
  CompiledFiles files;
  json record = files.record();
  record["checkpoint_sha256"] = std::string(64, 'e');
  files.write(record);
  expect_error(ErrorCode::kBadBundle, {"compiled from another checkpoint", "eeee", "bbbb"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesOtherWeights) {
  CompiledFiles files;
  auto& artifacts = files.manifest["stages"]["segmentation"]["networks"][0]["artifacts"];
  artifacts["safetensors"] = testing::example_file("segmentation/weights.safetensors");
  files.write(files.record());
  expect_error(ErrorCode::kBadBundle, {"compiled from another checkpoint"}, [&] { files.find(); });
  artifacts["safetensors"]["sha256"] = std::string(64, 'c');
  files.write(files.record());
  EXPECT_EQ(files.find().size(), 1U);
}

TEST(Compiled, RefusesCodeThatIsNotWhatWasRecorded) {
  const CompiledFiles files;
  const fs::path folder = files.write(files.record());
  std::ofstream(folder / "model.pt2") << "c0de";
  expect_error(ErrorCode::kBadBundle,
               {"model.pt2 is damaged", sha256("c0de", 4).c_str(), "compile it again"},
               [&] { files.find(); });
  fs::remove(folder / "model.pt2");
  expect_error(ErrorCode::kBadBundle, {"model.pt2 is missing"}, [&] { files.find(); });
  fs::remove(folder / "model.json");
  expect_error(ErrorCode::kBadBundle, {"model.json is missing"}, [&] { files.find(); });
}

TEST(Compiled, RefusesCodeThatOthersMayWrite) {
  const CompiledFiles files;
  const fs::path folder = files.write(files.record());
  for (const char* file : {"model.pt2", "model.json", ""}) {
    const fs::path path = folder / file;
    const fs::perms before = fs::status(path).permissions();
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
    expect_error(ErrorCode::kBadBundle, {"is writable by other users"}, [&] { files.find(); });
    fs::permissions(path, before);
  }
  EXPECT_EQ(files.find().size(), 1U);
}

TEST(Compiled, RefusesCodeOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const CompiledFiles files;
  const fs::path folder = files.write(files.record());
  ASSERT_EQ(chown((folder / "model.pt2").c_str(), 12345, 12345), 0);
  expect_error(ErrorCode::kBadBundle, {"model.pt2 belongs to another user"}, [&] { files.find(); });
}

TEST(Compiled, RefusesSizesOfDifferentBatches) {
  const CompiledFiles files;
  files.write(files.record());
  json other = files.record();
  other["input"]["shape"] = {2, 7, 56, 64};
  other["output"]["shape"] = {2, 1, 16, 24};
  files.write(other, "16x25");
  expect_error(ErrorCode::kBadBundle, {"different batch sizes or layouts"}, [&] { files.find(); });
}

struct Damage {
  const char* what;
  std::string path;
  json value;
};

class DamagedRecord : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedRecord, IsRefused) {
  const CompiledFiles files;
  json record = files.record();
  record[json::json_pointer(GetParam().path)] = GetParam().value;
  files.write(record);
  expect_error(ErrorCode::kBadBundle, {"model.json", GetParam().what, "compile it again"},
               [&] { files.find(); });
}

INSTANTIATE_TEST_SUITE_P(
    Compiled, DamagedRecord,
    ::testing::Values(Damage{"unknown field 'extra'", "/extra", 1},
                      Damage{"runtime", "/runtime", ""},
                      Damage{"lungrt_version", "/lungrt_version", 1}, Damage{"cpu", "/cpu", "x86"},
                      Damage{"cpu.digest", "/cpu/digest", "abc"},
                      Damage{"checkpoint_sha256", "/checkpoint_sha256", std::string(64, 'X')},
                      Damage{"input.layout", "/input/layout", "tiles"},
                      Damage{"input.dtype", "/input/dtype", "bfloat16"},
                      Damage{"input.shape", "/input/shape", {1, 7, 56}},
                      Damage{"input.shape", "/input/shape", {1, 9, 56, 64}},
                      Damage{"input.shape", "/input/shape", {1, 7, 57, 64}},
                      Damage{"input.shape", "/input/shape", {1, 7, 40, 64}},
                      Damage{"input.shape", "/input/shape", json::array()},
                      Damage{"input.shape", "/input/shape", {5000, 7, 56, 64}},
                      Damage{"input.shape[0]", "/input/shape/0", 0},
                      Damage{"output.shape", "/output/shape", {1, 1, 56, 64}},
                      Damage{"output.layout", "/output/layout", "interleaved"},
                      Damage{"output.dtype", "/output/dtype", "float64"},
                      Damage{"model.file", "/model/file", "../../evil.pt2"},
                      Damage{"model.sha256", "/model/sha256", 5},
                      Damage{"model.bytes", "/model/bytes", 0},
                      Damage{"golden.file", "/golden/file", "../golden.safetensors"},
                      Damage{"golden.sha256", "/golden/sha256", ""},
                      Damage{"unknown field 'made_with' in golden", "/golden/made_with", "x"}));

TEST(Compiled, RefusesARecordThatIsNoJson) {
  const CompiledFiles files;
  const fs::path folder = files.write(files.record());
  std::ofstream(folder / "model.json") << "{\"format_version\": 1,";
  expect_error(ErrorCode::kBadBundle, {"model.json", "not JSON", "compile it again"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesAHugeRecordUnread) {
  const CompiledFiles files;
  const fs::path folder = files.write(files.record());
  fs::resize_file(folder / "model.json", std::uintmax_t{1} << 40);  // sparse
  expect_error(ErrorCode::kBadBundle, {"model.json", "1099511627776 bytes", "at most 16777216"},
               [&] { files.find(); });
}

TEST(Compiled, RefusesARecordOfAnotherVersion) {
  const CompiledFiles files;
  json record = files.record();
  record["format_version"] = 2;
  record["new"] = true;
  files.write(record);
  expect_error(ErrorCode::kUnsupportedVersion,
               {"format_version is 2, but this lungrt supports 1", "compile it again"},
               [&] { files.find(); });
}

/// A golden of the size that CompiledFiles records.
std::string golden_of_the_size() {
  native::testing::WeightsFile file;
  file.content.tensors["input_0"] = {{1, 7, 56, 64}, std::vector<float>(7 * 56 * 64, 1.0F)};
  file.content.tensors["output_0"] = {{1, 1, 16, 24}, std::vector<float>(16 * 24, 0.25F)};
  return file.bytes();
}

TEST(Compiled, GoldensAreThoseOfEverySize) {
  CompiledFiles files;
  files.golden = golden_of_the_size();
  const Bundle bundle = files.bundle();
  const StageManifest& stage = bundle.required_stage(StageKind::kSegmentation);
  const auto goldens = [&] { return compiled_goldens(bundle, stage, stage.networks.front()); };
  EXPECT_TRUE(goldens().empty());
  const fs::path folder = files.write(files.record());
  files.write(files.record(), "16x25");
  ASSERT_EQ(goldens().size(), 2U);
  EXPECT_EQ(goldens()[0].input.shape, (std::vector<std::int64_t>{1, 7, 56, 64}));

  std::ofstream(folder / "golden.safetensors") << "damaged";
  expect_error(ErrorCode::kBadBundle,
               {"golden.safetensors is damaged", "model.json says", "compile it again", "16x24"},
               [&] { goldens(); });
  fs::remove(folder / "model.json");
  expect_error(ErrorCode::kIo, {"cannot read", "model.json", "compile it again"},
               [&] { goldens(); });
}

TEST(Compiled, NothingIsCompiledWithoutACache) {
  const CompiledFiles files;
  const Bundle bundle = files.bundle();
  const StageManifest& stage = bundle.required_stage(StageKind::kSegmentation);
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "", 1);
  EXPECT_TRUE(compiled_goldens(bundle, stage, stage.networks.front()).empty());
  setenv("HOME", home.c_str(), 1);
}

TEST(Compiled, FoldersAreNamedAfterTheirSize) {
  const CompiledFiles files;
  const Bundle bundle = files.bundle();
  const std::string place = bundle.folder().string();
  EXPECT_EQ(compiled_folder(place, "segmentation", 0, {16, 24}),
            compiled_folder(bundle, StageKind::kSegmentation, 0) / "16x24");
  EXPECT_EQ(compiled_folder(place, "nodule", 1, {32, 48, 40}),
            compiled_folder(bundle, StageKind::kNodule, 1) / "32x48x40");
  const auto refuse = [&](const char* stage, int member, const std::vector<std::int64_t>& size,
                          const char* words) {
    expect_error(ErrorCode::kInvalidArgument, {words},
                 [&] { compiled_folder(place, stage, member, size); });
  };
  refuse("segmentation", 0, {16, 24, 32}, "[16, 24, 32]");
  refuse("nodule", 0, {16, 24}, "expected 3 positive numbers");
  refuse("nodule", 0, {32, 0, 40}, "expected 3 positive numbers");
  refuse("nodule", 2, {32, 48, 40}, "no member 2");
  refuse("nodule", -1, {32, 48, 40}, "numbered from 0");
  refuse("lungs", 0, {16, 24}, "unknown stage 'lungs'");
}

TEST(Compiled, RecordThatIsWrittenIsRead) {
  CompiledFiles files;
  auto& network = files.manifest["stages"]["segmentation"]["networks"][0];
  network["artifacts"]["safetensors"] = testing::example_file("segmentation/weights.safetensors");
  network["artifacts"]["safetensors"]["sha256"] = std::string(64, 'c');
  const fs::path folder = files.write("not yet");
  const std::string bundle = files.bundle().folder().string();
  const CompiledNetwork compiled{"segmentation",
                                 0,
                                 "fake 1.0",
                                 "imagination",
                                 {1, 7, 56, 64},
                                 {1, 1, 16, 24},
                                 true,
                                 files.record()["checkpoint_sha256"],
                                 files.record()["weights_sha256"]};
  const std::string text = compiled_record(bundle, folder.string(), compiled);
  EXPECT_EQ(text.substr(0, 25), "{\n  \"format_version\": 1,\n");
  json expected = files.record();
  expected["lungrt_version"] = json::parse(text)["lungrt_version"];
  EXPECT_EQ(json::parse(text), expected);
  files.write(json::parse(text));
  EXPECT_EQ(files.find().size(), 1U);

  const auto refuse = [&](ErrorCode code, const CompiledNetwork& wrong, const char* words) {
    expect_error(code, {words}, [&] { compiled_record(bundle, folder.string(), wrong); });
  };
  CompiledNetwork wrong = compiled;
  wrong.output_shape = {1, 1, 56, 64};
  refuse(ErrorCode::kInvalidArgument, wrong, "output.shape");
  wrong = compiled;
  wrong.checkpoint_sha256 = std::string(64, 'e');
  refuse(ErrorCode::kBadBundle, wrong, "was replaced while network 0 of segmentation was compiled");
  wrong = compiled;
  wrong.weights_sha256 = std::string(64, 'e');
  refuse(ErrorCode::kBadBundle, wrong, "compile it again: `lungrt compile ");
  wrong = compiled;
  wrong.runtime = "";
  refuse(ErrorCode::kInvalidArgument, wrong, "runtime");
  wrong = compiled;
  wrong.capability = "\xff";  // no UTF-8
  EXPECT_NE(compiled_record(bundle, folder.string(), wrong).find("\xef\xbf\xbd"),
            std::string::npos);
  wrong = compiled;
  wrong.stage = "nodule";
  refuse(ErrorCode::kInvalidArgument, wrong, "has no artifact safetensors");
  fs::remove(folder / "golden.safetensors");
  refuse(ErrorCode::kIo, compiled, "golden.safetensors");
}

}  // namespace
}  // namespace lungrt
