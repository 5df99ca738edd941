#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/bundle/example_manifest.h"
#include "core/bundle/manifest.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::example_classifier;
using testing::example_manifest;
using testing::expect_error;

std::map<StageKind, StageManifest> parse(const json& manifest) {
  return parse_manifest(manifest.dump(), "m.json");
}

/// The example with one value changed; "@" removes it.
json with(const std::string& pointer, const json& value) {
  json manifest = example_manifest();
  const json::json_pointer place(pointer);
  if (value == "@") {
    manifest[place.parent_pointer()].erase(place.back());
  } else {
    manifest[place] = value;
  }
  return manifest;
}

TEST(Manifest, ReadsEveryField) {
  const auto stages = parse(example_manifest());
  ASSERT_EQ(stages.size(), 3U);
  const StageManifest& segmentation = stages.at(StageKind::kSegmentation);
  EXPECT_EQ(segmentation.kind, StageKind::kSegmentation);
  EXPECT_EQ(segmentation.input.name, "input");
  EXPECT_EQ(segmentation.input.hu_window, (std::array<float, 2>{-1000, 1000}));
  EXPECT_EQ(segmentation.input.scale, 0.5F);
  EXPECT_EQ(segmentation.input.offset, 0.25F);
  EXPECT_EQ(segmentation.input.context_slices, 3);
  EXPECT_EQ(segmentation.input.size_multiple, 4);
  EXPECT_EQ(segmentation.input.halo, 20);
  EXPECT_EQ(segmentation.output_name, "output");
  EXPECT_EQ(segmentation.output_kind, OutputKind::kProbability);
  EXPECT_EQ(segmentation.classes, (std::vector<std::string>{"nodule"}));
  EXPECT_EQ(segmentation.threshold, 0.5);
  ASSERT_EQ(segmentation.networks.size(), 1U);
  const BundleNetwork& network = segmentation.networks[0];
  EXPECT_EQ(network.architecture, "unet");
  EXPECT_EQ(network.checkpoint_sha256, std::string(64, 'b'));
  ASSERT_EQ(network.artifacts.size(), 2U);
  EXPECT_EQ(network.artifacts.at("torchscript").file, "segmentation/model.ts");
  EXPECT_EQ(network.artifacts.at("torchscript").sha256, std::string(64, 'a'));
  EXPECT_EQ(network.artifacts.at("torchscript").bytes, 10);
  ASSERT_EQ(network.goldens.size(), 1U);
  EXPECT_EQ(network.goldens[0].file, "segmentation/golden.safetensors");

  const StageManifest& nodule = stages.at(StageKind::kNodule);
  EXPECT_EQ(nodule.input.crop, (std::array<std::int64_t, 3>{32, 48, 40}));
  EXPECT_EQ(nodule.output_kind, OutputKind::kLogits);
  EXPECT_EQ(nodule.classes, (std::vector<std::string>{"non-nodule", "nodule"}));
  EXPECT_EQ(nodule.threshold, 0.6);
  EXPECT_EQ(nodule.networks.size(), 2U);
}

TEST(Manifest, ReadsAnySubsetOfStages) {
  EXPECT_EQ(parse(with("/stages/segmentation", "@")).size(), 2U);
  const json three = example_classifier("nodule", {"non-nodule", "benign", "malignant"});
  json manifest = with("/stages/malignancy", "@");
  manifest["stages"]["nodule"] = three;
  EXPECT_EQ(parse(manifest).at(StageKind::kNodule).classes.size(), 3U);
}

TEST(Manifest, FreeContentIsFree) {
  EXPECT_NO_THROW(parse(with("/metadata", {{"anything", {1, {{"deep", nullptr}}}}})));
  EXPECT_NO_THROW(parse(with("/description", "for humans")));
  EXPECT_NO_THROW(parse(with("/stages/nodule/description", 3)));
  EXPECT_NO_THROW(parse(with("/stages/nodule/networks/0/options/any", {1, nullptr})));
  EXPECT_NO_THROW(parse(with("/stages/nodule/networks/0/checkpoint/metadata", "@")));
  EXPECT_NO_THROW(parse(with("/stages/nodule/networks/0/goldens/0/made_with", "@")));
}

TEST(Manifest, UnknownVersionsAreUnsupported) {
  expect_error(ErrorCode::kUnsupportedVersion,
               {"m.json", "format_version is 2", "supports 1", "upgrade"}, [] {
                 json manifest = with("/format_version", 2);
                 manifest["a field of version 2"] = 1;  // must not hide the version
                 parse(manifest);
               });
  for (const int version : {0, -1}) {
    expect_error(ErrorCode::kUnsupportedVersion, {"supports 1", "export"},
                 [=] { parse(with("/format_version", version)); });
  }
  for (const json& version : {json("1"), json(1.0), json(nullptr), json(true)}) {
    expect_error(ErrorCode::kBadBundle, {"format_version is", "whole number"},
                 [&] { parse(with("/format_version", version)); });
  }
}

// Removes each field once; the message must name it and its object.
TEST(Manifest, RefusesMissingFields) {
  const std::vector<std::string> fields{
      "/format_version",
      "/lungrt_version",
      "/created",
      "/stages",
      "/stages/segmentation/input",
      "/stages/segmentation/input/name",
      "/stages/segmentation/input/dtype",
      "/stages/segmentation/input/shape",
      "/stages/segmentation/input/hu_window",
      "/stages/segmentation/input/scale",
      "/stages/segmentation/input/offset",
      "/stages/segmentation/input/context_slices",
      "/stages/segmentation/input/size_multiple",
      "/stages/segmentation/input/halo",
      "/stages/segmentation/input/spacing_mm",
      "/stages/segmentation/output",
      "/stages/segmentation/output/name",
      "/stages/segmentation/output/kind",
      "/stages/segmentation/output/shape",
      "/stages/segmentation/classes",
      "/stages/segmentation/threshold",
      "/stages/segmentation/tolerance",
      "/stages/segmentation/tolerance/cpu",
      "/stages/segmentation/tolerance/cuda/absolute",
      "/stages/segmentation/tolerance/cpu/decision_band",
      "/stages/segmentation/networks",
      "/stages/segmentation/networks/0/architecture",
      "/stages/segmentation/networks/0/options",
      "/stages/segmentation/networks/0/inferred",
      "/stages/segmentation/networks/0/checkpoint",
      "/stages/segmentation/networks/0/checkpoint/sha256",
      "/stages/segmentation/networks/0/artifacts",
      "/stages/segmentation/networks/0/artifacts/torchscript/file",
      "/stages/segmentation/networks/0/artifacts/torchscript/sha256",
      "/stages/segmentation/networks/0/artifacts/torchscript/bytes",
      "/stages/segmentation/networks/0/goldens",
      "/stages/segmentation/networks/0/goldens/0/file",
      "/stages/nodule/input/crop"};
  for (const std::string& field : fields) {
    SCOPED_TRACE(field);
    const std::string key = field.substr(field.rfind('/') + 1) + "' is missing";
    expect_error(ErrorCode::kBadBundle, {"m.json", key.c_str()}, [&] { parse(with(field, "@")); });
  }
  expect_error(ErrorCode::kBadBundle,
               {"field 'sha256' is missing in stages.nodule.networks[1].artifacts.torchscript"},
               [] { parse(with("/stages/nodule/networks/1/artifacts/torchscript/sha256", "@")); });
}

TEST(Manifest, RefusesUnknownFields) {
  for (const std::string place :
       {"", "/stages/nodule", "/stages/nodule/input", "/stages/segmentation/input",
        "/stages/nodule/output", "/stages/nodule/tolerance", "/stages/nodule/tolerance/cpu",
        "/stages/nodule/networks/0", "/stages/nodule/networks/0/checkpoint",
        "/stages/nodule/networks/0/artifacts/torchscript", "/stages/nodule/networks/0/goldens/0"}) {
    SCOPED_TRACE(place);
    expect_error(ErrorCode::kBadBundle, {"unknown field 'threshhold'", "known fields: "},
                 [&] { parse(with(place + "/threshhold", 1)); });
  }
  expect_error(ErrorCode::kBadBundle, {"unknown field 'nodules' in stages", "malignancy"},
               [] { parse(with("/stages/nodules", json::object())); });
  expect_error(ErrorCode::kBadBundle, {"unknown field 'crop'"},
               [] { parse(with("/stages/segmentation/input/crop", {1, 2, 3})); });
}

// A pointer, an invalid value for it, and words of the message.
struct Wrong {
  std::string pointer;
  json value;
  std::vector<const char*> words;
};

TEST(Manifest, RefusesWrongValues) {
  const json huge = 18446744073709551615ULL;
  const std::string input = "/stages/segmentation/input", crop = "/stages/nodule/input";
  const std::string artifact = "/stages/nodule/networks/0/artifacts/torchscript";
  const std::vector<Wrong> all{
      {"/lungrt_version", 1, {"lungrt_version is 1", "text"}},
      {"/created", "", {"created is \"\"", "non-empty"}},
      {"/stages", json::array(), {"stages is []", "an object"}},
      {"/stages", json::object(), {"at least one of segmentation, nodule, malignancy"}},
      {"/stages/nodule", nullptr, {"stages.nodule is null", "an object"}},
      {input, 3, {"stages.segmentation.input is 3", "an object"}},
      {input + "/name", "in\nput", {"control characters"}},
      {input + "/dtype", "float16", {"stages.segmentation.input.dtype", "float16", "float32"}},
      {input + "/hu_window", {-1000}, {"hu_window is [-1000]", "two numbers"}},
      {input + "/hu_window", {1000, -1000}, {"the lower number first"}},
      {input + "/hu_window", {1, 1}, {"the lower number first"}},
      {input + "/hu_window", {"low", 1}, {"hu_window[0] is \"low\"", "a number"}},
      {input + "/hu_window", {-1e300, 1}, {"hu_window[0]", "a number from"}},
      {input + "/scale", 0, {"input.scale is 0", "other than 0"}},
      {input + "/scale", "1", {"a number"}},
      {input + "/scale", 1e-300, {"other than 0"}},
      {input + "/offset", true, {"input.offset is true", "a number"}},
      {input + "/spacing_mm", {1, 1, 1}, {"spacing_mm is [1,1,1]", "does not resample"}},
      {input + "/context_slices", 2, {"[\"batch\",7,\"height\",\"width\"]", "2 * context_slices"}},
      {input + "/context_slices", 3.0, {"context_slices is 3.0", "a whole number"}},
      {input + "/context_slices", -1, {"from 0 to 256"}},
      {input + "/context_slices", huge, {"from 0 to 256"}},
      {input + "/size_multiple", 0, {"from 1 to 4096"}},
      {input + "/halo", -1, {"from 0 to 4096"}},
      {input + "/halo", 5000, {"from 0 to 4096"}},
      {input + "/shape", {"batch", 7, 512, 512}, {"shape is", "\"height\""}},
      {input + "/shape", {"batch", 7, "height"}, {"shape is"}},
      {crop + "/crop", {32, 48}, {"crop is [32,48]", "three numbers"}},
      {crop + "/crop", {32, 48, 0}, {"crop[2] is 0", "from 1"}},
      {crop + "/crop", {32, 48, 48}, {"input.shape", "[\"batch\",1,32,48,48]", "the crop"}},
      {crop + "/shape", {1, 1, 32, 48, 40}, {"stages.nodule.input.shape", "\"batch\""}},
      {"/stages/nodule/output/kind", "sigmoid", {"output.kind", "probability, logits"}},
      {"/stages/nodule/output/shape", {"batch", 3}, {"[\"batch\",2]", "one channel per class"}},
      {"/stages/segmentation/output/shape",
       {"batch", 2, "height", "width"},
       {"[\"batch\",1,\"height\",\"width\"]"}},
      {"/stages/segmentation/classes", {"background", "nodule"}, {"[\"nodule\"]"}},
      {"/stages/nodule/classes", {"nodule", "non-nodule"}, {"[\"non-nodule\",\"nodule\"] or"}},
      {"/stages/nodule/classes", {"non-nodule", "benign", "malignant"}, {"\"batch\",3"}},
      {"/stages/malignancy/classes", {"malignant", "benign"}, {"[\"benign\",\"malignant\"]"}},
      {"/stages/nodule/threshold", 1.5, {"threshold is 1.5", "from 0 to 1"}},
      {"/stages/nodule/threshold", "0.5", {"a number"}},
      {"/stages/nodule/threshold", nullptr, {"a number"}},
      {"/stages/nodule/tolerance/cpu/absolute", -1, {"tolerance.cpu.absolute"}},
      {"/stages/nodule/tolerance/cpu", 1, {"an object"}},
      {"/stages/nodule/networks", json::array(), {"networks is []", "at least one network"}},
      {"/stages/nodule/networks", json::object(), {"an array"}},
      {"/stages/nodule/networks/0/artifacts", json::object(), {"at least one artifact"}},
      {"/stages/nodule/networks/0/artifacts", json::array(), {"an object"}},
      {"/stages/nodule/networks/0/goldens", 1, {"an array"}},
      {"/stages/nodule/networks/0/architecture", 1, {"text"}},
      {"/stages/nodule/networks/0/options", json::array(), {"options is []", "an object"}},
      {"/stages/nodule/networks/0/inferred", {3}, {"inferred[0] is 3", "text"}},
      {"/stages/nodule/networks/0/checkpoint/metadata", 1, {"metadata is 1", "an object"}},
      {artifact + "/made_with", json::array(), {"made_with is []", "text"}},
      {"/stages/nodule/networks/0/checkpoint/sha256", "abc", {"64 lower-case hexadecimal digits"}},
      {artifact + "/sha256", std::string(64, 'A'), {"64 lower-case hexadecimal digits"}},
      {artifact + "/bytes", 0, {"bytes is 0"}},
      {artifact + "/bytes", "10", {"a whole number"}},
      {artifact + "/bytes", huge, {"a whole number"}}};
  for (const Wrong& wrong : all) {
    SCOPED_TRACE(wrong.pointer + " = " + wrong.value.dump());
    for (const char* word : wrong.words) {
      expect_error(ErrorCode::kBadBundle, {"m.json: ", word},
                   [&] { parse(with(wrong.pointer, wrong.value)); });
    }
  }
}

TEST(Manifest, RefusesPathsThatLeaveTheBundle) {
  for (const char* path :
       {"/etc/passwd", "../model.ts", "nodule/../../model.ts", "nodule/..", "./model.ts",
        "nodule//m", "nodule/", "", ".", "nodule\\model.ts", "c:/model.ts",
        "nodule/mo\x01"
        "del.ts"}) {
    SCOPED_TRACE(path);
    expect_error(ErrorCode::kBadBundle, {"networks[0].artifacts.torchscript.file"}, [=] {
      parse(with("/stages/nodule/networks/0/artifacts/torchscript/file", path));
    });
  }
  EXPECT_NO_THROW(
      parse(with("/stages/nodule/networks/0/artifacts/torchscript/file", "..a/b..c/...d")));
}

TEST(Manifest, RefusesMalignancyTwice) {
  json manifest = example_manifest();
  manifest["stages"]["nodule"] =
      example_classifier("nodule", {"non-nodule", "benign", "malignant"});
  expect_error(ErrorCode::kBadBundle,
               {"stages.nodule.classes", "already includes benign and malignant",
                "must not have a malignancy stage"},
               [&] { parse(manifest); });
}

TEST(Manifest, RefusesAClassifierGivenAsSegmentation) {
  json manifest = example_manifest();
  manifest["stages"]["segmentation"] = manifest["stages"]["nodule"];
  expect_error(ErrorCode::kBadBundle, {"stages.segmentation.input"}, [&] { parse(manifest); });
}

TEST(Manifest, RefusesTextThatIsNoJson) {
  const std::string good = example_manifest().dump();
  const auto refuse = [](const std::string& text, std::initializer_list<const char*> words) {
    SCOPED_TRACE(text.substr(0, 60));
    expect_error(ErrorCode::kBadBundle, words, [&] { parse_manifest(text, "m.json"); });
  };
  refuse("", {"m.json: not JSON"});
  refuse(good.substr(0, good.size() / 2), {"not JSON", "export or copy"});
  refuse(good + "{}", {"not JSON"});
  for (std::size_t size = 0; size < good.size(); size += 13)
    refuse(good.substr(0, size), {"not JSON"});
  refuse("{'format_version': 1}", {"not JSON"});
  refuse("{\"format_version\": NaN}", {"not JSON"});
  refuse("{\"format_version\": Infinity}", {"not JSON"});
  refuse("{\"format_version\": 1e999}", {"not JSON"});
  refuse("{\"format_version\": \"\xff\"}", {"not JSON"});
  refuse(good + std::string("\0}", 2), {"not JSON", "is zero"});
  refuse("\xff\xfe", {"not JSON"});
  refuse("[1]", {"the document is [1]", "an object"});
  refuse("null", {"the document is null"});
}

/// The example's text with one place changed.
struct Edit {
  std::string find;
  std::string replace;
  /// Words of the error; null where the text is accepted.
  const char* refusal = nullptr;
};

// What JSON's writer cannot write, and both sides of every limit.
TEST(Manifest, DecidesEveryCase) {
  const std::string example = example_manifest().dump();
  const std::string maker = R"("made_with":"x 1")", offset = R"("offset":0.25)",
                    path = R"("nodule/member-0/model.ts")";
  const std::vector<Edit> edits{
      {maker, "\"made_with\":\"x\u00a01\""},  // a non-breaking space
      {maker, R"("made_with":"x\u00a01")"},
      {maker, "\"made_with\":\"x \u009b2K\"", "control characters"},  // of Latin-1
      {maker, R"("made_with":"x \u009b2K")", "control characters"},
      {R"("0.1.0")", R"("0.1.0\ud800")", "not JSON"},  // half a surrogate pair
      {R"("context_slices":3)", R"("context_slices":256)", R"("batch",513)"},
      {R"("context_slices":3)", R"("context_slices":257)", "from 0 to 256"},
      {R"("size_multiple":4)", R"("size_multiple":4096)"},
      {R"("size_multiple":4)", R"("size_multiple":4097)", "from 1 to 4096"},
      {R"("halo":20)", R"("halo":4096)"},
      {R"("halo":20)", R"("halo":4097)", "from 0 to 4096"},
      {R"("crop":[32,48,40])", R"("crop":[32,48,4097])", "from 1 to 4096"},
      {R"("batch",7,)", R"("batch",7.0,)", "2 * context_slices + 1"},
      {R"("batch",1,32)", R"("batch",true,32)", "one channel and the crop"},
      {R"("scale":0.5)", R"("scale":true)", "a number"},
      {offset, R"("offset":1E2)"},
      {offset, R"("offset":1e39)", "a number from"},  // beyond float32
      {R"("absolute":0.001)", R"("absolute":1e39)", "a number from"},
      {"[-1000.0,1000.0]", "[-1000.0,-999.9999999]", "the lower number first"},  // as float32
      {R"("epoch":1)", R"("epoch":1)" + std::string(400, '0'), "not JSON"},      // beyond float64
      {R"("bytes":10)", R"("bytes":9223372036854775808)", "a whole number"},
      {R"("format_version":1)", R"("format_version":9223372036854775808)", "a whole number"},
      {"{", "\ufeff{", "byte order mark"},
      {R"("created":)", R"(/* when */ "created":)", "not JSON"},
      {path, R"("nodule/mo\u0001del.ts")", "control characters"},
      {path, R"("nodule/my model..ts")"}};
  for (const Edit& edit : edits) {
    SCOPED_TRACE(edit.replace.substr(0, 60));
    std::string text = example;
    const std::size_t place = text.find(edit.find);
    ASSERT_NE(place, std::string::npos);
    text.replace(place, edit.find.size(), edit.replace);
    if (edit.refusal == nullptr) {
      EXPECT_NO_THROW(parse_manifest(text, "m.json"));
    } else {
      expect_error(ErrorCode::kBadBundle, {"m.json", edit.refusal},
                   [&] { parse_manifest(text, "m.json"); });
    }
  }
}

TEST(Manifest, ListsTheFilesOfAnyVersion) {
  json manifest = with("/format_version", 7);
  manifest["stages"]["a new stage"] = {{"somewhere", {{{"file", "new/file"}}}}};
  const std::vector<std::string> files = files_listed_in(manifest.dump(), "m.json");
  EXPECT_EQ(std::count(files.begin(), files.end(), "new/file"), 1);
  EXPECT_EQ(std::count(files.begin(), files.end(), "segmentation/golden.safetensors"), 1);
  EXPECT_EQ(files.size(), 3U + 6U + 6U + 1U);
  EXPECT_TRUE(files_listed_in(R"({"format_version": 1})", "m.json").empty());
  for (const char* text : {"{}", "[]", "not JSON", R"({"format_version": "1"})"}) {
    expect_error(ErrorCode::kBadBundle, {"m.json"}, [=] { files_listed_in(text, "m.json"); });
  }
}

TEST(Manifest, RefusesRepeatedFields) {
  expect_error(ErrorCode::kBadBundle, {"'format_version' occurs twice"},
               [] { parse_manifest(R"({"format_version": 1, "format_version": 1})", "m.json"); });
  // The same name may occur in another object.
  EXPECT_NO_THROW(parse(with("/metadata", {{"created", 1}, {"stages", {{"created", 2}}}})));
}

TEST(Manifest, RefusesDeepNesting) {
  const std::string open(100'000, '['), close(100'000, ']');
  expect_error(ErrorCode::kBadBundle, {"nested more than 64"},
               [&] { parse_manifest("{\"metadata\": " + open + close + "}", "m.json"); });
  expect_error(ErrorCode::kBadBundle, {"nested more than 64"},
               [&] { parse_manifest(open, "m.json"); });
}

TEST(Manifest, CutsLongValuesInMessages) {
  const json manifest = with("/stages/nodule/threshold", std::string(5000, 'x'));
  try {
    parse(manifest);
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 300U);
  }
}

}  // namespace
}  // namespace lungrt
