#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/bundle/bundle.h"
#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;
using testing::example_manifest;
using testing::expect_error;
using testing::TempFolder;

BundleFile described(const std::string& name, const std::string& content) {
  return {name, sha256(content.data(), content.size()), static_cast<std::int64_t>(content.size())};
}

TEST(Bundle, OpensAFolderWithAManifest) {
  const TempFolder folder;
  const std::string text = example_manifest().dump(2);
  folder.write("manifest.json", text);
  const Bundle bundle = Bundle::open(folder.path());
  EXPECT_EQ(bundle.folder(), fs::canonical(folder.path()));
  EXPECT_EQ(bundle.sha256(), sha256(text.data(), text.size()));
  ASSERT_NE(bundle.stage(StageKind::kNodule), nullptr);
  EXPECT_EQ(&bundle.required_stage(StageKind::kNodule), bundle.stage(StageKind::kNodule));
}

TEST(Bundle, SaysWhichStagesItHas) {
  const TempFolder folder;
  nlohmann::json manifest = example_manifest();
  manifest["stages"].erase("nodule");
  folder.write("manifest.json", manifest.dump());
  const Bundle bundle = Bundle::open(folder.path());
  EXPECT_EQ(bundle.stage(StageKind::kNodule), nullptr);
  expect_error(
      ErrorCode::kBadBundle,
      {"has no stage nodule", "segmentation, malignancy", "--nodule", folder.path().c_str()},
      [&] { bundle.required_stage(StageKind::kNodule); });
}

TEST(Bundle, RefusesWhatIsNoBundle) {
  const TempFolder folder;
  expect_error(ErrorCode::kIo, {"no bundle at", "absent"},
               [&] { Bundle::open(folder.path() / "absent"); });
  expect_error(ErrorCode::kBadBundle, {"is not a bundle", "manifest.json"},
               [&] { Bundle::open(folder.path()); });
  const fs::path file = folder.write("model.ts", "x");
  expect_error(ErrorCode::kBadBundle, {"model.ts is not a bundle", "found a file"},
               [&] { Bundle::open(file); });
  fs::create_directory(folder.path() / "manifest.json");
  expect_error(ErrorCode::kBadBundle, {"is not a bundle"}, [&] { Bundle::open(folder.path()); });
}

TEST(Bundle, NamesTheManifestInErrors) {
  const TempFolder folder;
  folder.write("manifest.json", "{}");
  expect_error(ErrorCode::kBadBundle, {folder.path().c_str(), "manifest.json", "format_version"},
               [&] { Bundle::open(folder.path()); });
  folder.write("manifest.json", "");
  expect_error(ErrorCode::kBadBundle, {"not JSON"}, [&] { Bundle::open(folder.path()); });
}

TEST(Bundle, RefusesAHugeManifestUnread) {
  const TempFolder folder;
  fs::resize_file(folder.write("manifest.json", ""), std::uintmax_t{1} << 40);  // sparse
  expect_error(ErrorCode::kBadBundle, {"1099511627776 bytes", "at most 16777216"},
               [&] { Bundle::open(folder.path()); });
}

class BundleFiles : public ::testing::Test {
 protected:
  BundleFiles() {
    folder_.write("bundle/manifest.json", example_manifest().dump());
    folder_.write("bundle/nodule/model.ts", "weights");
    bundle_ = Bundle::open(folder_.path() / "bundle");
  }
  TempFolder folder_;
  Bundle bundle_;
};

TEST_F(BundleFiles, AreFoundAndVerified) {
  const BundleFile model = described("nodule/model.ts", "weights");
  EXPECT_EQ(bundle_.file(model, true), bundle_.folder() / "nodule" / "model.ts");
  EXPECT_EQ(bundle_.file(model, false), bundle_.folder() / "nodule" / "model.ts");
}

TEST_F(BundleFiles, MissingOnesAreRefused) {
  for (const bool verify : {false, true}) {
    expect_error(ErrorCode::kBadBundle, {"nodule/absent.ts", "missing", "export or copy"},
                 [&] { bundle_.file(described("nodule/absent.ts", "x"), verify); });
    expect_error(ErrorCode::kBadBundle, {"not a regular file"},
                 [&] { bundle_.file(described("nodule", "x"), verify); });
  }
}

TEST_F(BundleFiles, TruncatedOnesAreRefused) {
  const BundleFile longer = described("nodule/model.ts", "weights and more");
  expect_error(ErrorCode::kBadBundle, {"nodule/model.ts", "7 bytes", "says 16"},
               [&] { bundle_.file(longer, true); });
  EXPECT_NO_THROW(bundle_.file(longer, false));
}

TEST_F(BundleFiles, ChangedOnesAreRefused) {
  const BundleFile other = described("nodule/model.ts", "weightz");
  const BundleFile now = described("nodule/model.ts", "weights");
  expect_error(ErrorCode::kBadBundle,
               {"nodule/model.ts", "SHA-256", now.sha256.c_str(), other.sha256.c_str()},
               [&] { bundle_.file(other, true); });
}

TEST_F(BundleFiles, SymbolicLinksMayNotLeaveTheBundle) {
  folder_.write("outside.ts", "weights");
  folder_.write("bundle-twin/model.ts", "weights");  // its path begins as the bundle's does
  const BundleFile link = described("nodule/link.ts", "weights");
  const fs::path place = bundle_.folder() / "nodule" / "link.ts";
  for (const char* target : {"../../outside.ts", "../../bundle-twin/model.ts"}) {
    fs::create_symlink(target, place);
    for (const bool verify : {false, true}) {
      expect_error(ErrorCode::kBadBundle, {"nodule/link.ts", "outside the bundle"},
                   [&] { bundle_.file(link, verify); });
    }
    fs::remove(place);
  }
  fs::create_symlink("model.ts", place);
  EXPECT_NO_THROW(bundle_.file(link, true));
}

TEST(Bundle, TellsAllDamageAtOnce) {
  const TempFolder folder;
  nlohmann::json manifest = example_manifest();
  manifest["stages"] = {{"segmentation", testing::example_segmentation()}};
  folder.write("manifest.json", manifest.dump());
  folder.write("segmentation/golden.safetensors", "0123456789");
  folder.write("segmentation/model.new", "short");
  expect_error(ErrorCode::kBadBundle,
               {"3 of 3 files do not match manifest.json", "export or copy",
                "\n  segmentation/model.ts is missing or not a regular file",
                "\n  segmentation/model.new is damaged", "it has 5 bytes",
                "\n  segmentation/golden.safetensors is damaged", "its SHA-256 is"},
               [&] { Bundle::open(folder.path()).check_files(); });
}

TEST(Bundle, ChecksEveryFile) {
  const TempFolder folder;
  nlohmann::json manifest = example_manifest();
  manifest["stages"] = {{"segmentation", testing::example_segmentation()}};
  auto& network = manifest["stages"]["segmentation"]["networks"][0];
  for (nlohmann::json* file : {&network["artifacts"]["torchscript"],
                               &network["artifacts"]["a-newer-format"], &network["goldens"][0]}) {
    folder.write((*file)["file"].get<std::string>(), "0123456789");
    (*file)["sha256"] = sha256("0123456789", 10);
  }
  folder.write("manifest.json", manifest.dump());
  EXPECT_NO_THROW(Bundle::open(folder.path()).check_files());
}

TEST_F(BundleFiles, AreFoundThroughALinkToTheBundle) {
  fs::create_directory_symlink(bundle_.folder(), folder_.path() / "latest");
  const Bundle bundle = Bundle::open(folder_.path() / "latest");
  EXPECT_NO_THROW(bundle.file(described("nodule/model.ts", "weights"), true));
}

TEST(StageKindNames, AreTheFoldersNames) {
  EXPECT_STREQ(to_string(StageKind::kSegmentation), "segmentation");
  EXPECT_STREQ(to_string(StageKind::kNodule), "nodule");
  EXPECT_STREQ(to_string(StageKind::kMalignancy), "malignancy");
}

}  // namespace
}  // namespace lungrt
