#include "expect_error.h"
#include "native/network_file.h"
#include "native/unet/graph.h"
#include "native/weights_file.h"
#include "temp_folder.h"

namespace lungrt::native {
namespace {

using lungrt::testing::expect_error;
using lungrt::testing::TempFolder;
using namespace testing;  // NOLINT: the tests' own
using nlohmann::json;

using Words = std::initializer_list<const char*>;

class NetworkFiles : public ::testing::Test {
 protected:
  NetworkFile read(const WeightsFile& file) const {
    return read_network_file(folder_.write("weights.safetensors", file.bytes()));
  }
  void refuse(const WeightsFile& file, ErrorCode code, Words words) const {
    expect_error(code, words, [&] { read(file); });
    expect_error(code, {"weights.safetensors"}, [&] { read(file); });
  }
  /// Checks that a file with one changed option is refused.
  void refuse_option(WeightsFile file, const char* pointer, const json& value, Words words) const {
    SCOPED_TRACE(::testing::Message() << pointer << " = " << value);
    file.options[json::json_pointer(pointer)] = value;
    refuse(file, ErrorCode::kBadBundle, words);
    refuse(file, ErrorCode::kBadBundle, {"lungrt.options"});
  }

  TempFolder folder_;
};

TEST_F(NetworkFiles, AreReadWithAllTheirOptions) {
  UnetOptions given;
  given.in_channels = 5;
  given.out_channels = 3;
  given.widths = {3, 17};
  given.bilinear = true;
  given.batch_norm = false;
  given.input_batch_norm = false;
  given.padding = false;
  given.max_pooling = true;
  given.activation = Activation::kLeakyRelu;
  given.batch_norm_eps = 0.25;
  const auto unet = std::get<UnetOptions>(read(unet_file(given)).options);
  EXPECT_EQ(unet.in_channels, 5);
  EXPECT_EQ(unet.out_channels, 3);
  EXPECT_EQ(unet.widths, (std::vector<int>{3, 17}));
  EXPECT_TRUE(unet.bilinear && unet.max_pooling);
  EXPECT_FALSE(unet.batch_norm || unet.input_batch_norm || unet.padding);
  EXPECT_EQ(unet.activation, Activation::kLeakyRelu);
  EXPECT_EQ(unet.batch_norm_eps, 0.25);
  const auto book = std::get<UnetOptions>(read(unet_file({})).options);
  EXPECT_FALSE(book.bilinear || book.max_pooling);
  EXPECT_TRUE(book.batch_norm && book.input_batch_norm && book.padding);
  EXPECT_EQ(book.activation, Activation::kRelu);

  ClassifierOptions voxels;
  voxels.out_channels = 3;
  voxels.widths = {4, 2};
  voxels.tail_batch_norm = false;
  voxels.crop = {4, 5, 6};
  voxels.activation = Activation::kLeakyRelu;
  voxels.batch_norm_eps = 0.5;
  const auto classifier = std::get<ClassifierOptions>(read(classifier_file(voxels)).options);
  EXPECT_EQ(classifier.out_channels, 3);
  EXPECT_EQ(classifier.widths, (std::vector<int>{4, 2}));
  EXPECT_FALSE(classifier.tail_batch_norm);
  EXPECT_EQ(classifier.crop, (std::array<int, 3>{4, 5, 6}));
  EXPECT_EQ(classifier.activation, Activation::kLeakyRelu);
  EXPECT_EQ(classifier.batch_norm_eps, 0.5);
}

TEST_F(NetworkFiles, OfAPrunedUnetHaveTheWidthsOfAllConvolutions) {
  UnetOptions given;
  given.widths = {3, 17};
  WeightsFile file = unet_file(given);
  file.options["convolution_widths"] = {2, 3, 5, 17, 4, 6, 7};
  const auto unet = std::get<UnetOptions>(read(file).options);
  EXPECT_EQ(unet.convolution_widths, (std::vector<int>{2, 3, 5, 17, 4, 6, 7}));
  EXPECT_TRUE(std::get<UnetOptions>(read(unet_file(given)).options).convolution_widths.empty());

  const char* option = "/convolution_widths";
  refuse_option(file, option, nullptr, {"convolution_widths"});
  refuse_option(file, option, json::array(), {"convolution_widths", "7 numbers of channels"});
  refuse_option(file, option, {2, 3, 5, 17, 4, 6}, {"7 numbers of channels"});
  refuse_option(file, option, {2, 3, 5, 17, 4, 6, 7, 8}, {"7 numbers of channels"});
  refuse_option(file, option, {2, 3, 5, 17, 4, 6, 0}, {"convolution_widths"});
  refuse_option(file, option, {2, 3, 5, 16, 4, 6, 7}, {"the widths of the levels"});
}

TEST_F(NetworkFiles, OfNothingThatIsKnownAreRefused) {
  const WeightsFile whole = unet_file({});
  for (const char* key : {"format", "format_version", "lungrt.architecture", "lungrt.options"}) {
    WeightsFile file = whole;
    if (file.content.metadata.erase(key) == 0) file.options = nullptr;
    refuse(file, ErrorCode::kBadBundle,
           {"its metadata has no '", key, "not a weights file", "export"});
  }
  WeightsFile other = whole;
  other.content.metadata["format"] = "pt";
  refuse(other, ErrorCode::kBadBundle, {"format is 'pt'", "expected lungrt-weights"});
  for (const char* version : {"2", "0", "", "1.0"}) {
    WeightsFile newer = whole;
    newer.content.metadata["format_version"] = version;
    refuse(newer, ErrorCode::kUnsupportedVersion,
           {"format_version is '", version, "this lungrt reads 1", "upgrade"});
  }
  WeightsFile foreign = whole;
  foreign.content.metadata["lungrt.architecture"] = "my.module:Network";
  refuse(foreign, ErrorCode::kUnsupportedVersion,
         {"does not support architecture 'my.module:Network'", "unet and classifier3d",
          "another engine"});
  expect_error(ErrorCode::kIo, {"absent"}, [] { read_network_file("/nowhere/absent"); });
  expect_error(ErrorCode::kBadBundle, {"truncated"},
               [&] { read_network_file(folder_.write("half", whole.bytes().substr(0, 100))); });
}

TEST_F(NetworkFiles, WhoseOptionsAreNoJsonAreRefused) {
  WeightsFile file = unet_file({});
  file.options = nullptr;
  for (const char* text : {"", "{", "[1]", R"({"widths": [1], "widths": [2]})"}) {
    file.content.metadata["lungrt.options"] = text;
    refuse(file, ErrorCode::kBadBundle, {"lungrt.options"});
  }
}

TEST_F(NetworkFiles, OfAUnetWithOptionsThatCannotBeAreRefused) {
  const WeightsFile unet = unet_file({});
  for (const auto& [name, value] : unet.options.items()) {
    WeightsFile file = unet;
    file.options.erase(name);
    refuse(file, ErrorCode::kBadBundle, {"field '", name.c_str(), "' is missing"});
  }
  refuse_option(unet, "/depth", 3, {"unknown field 'depth'", "widths"});
  for (const char* number : {"/in_channels", "/out_channels"}) {
    for (const json& value : {json(0), json(-1), json(4097), json(1.5), json("7"), json(true)}) {
      refuse_option(unet, number, value, {number + 1});
    }
  }
  for (const json& value : {json::array(), json(16), json::array({16, 0}), json::array({"16"}),
                            json::array({16, 4097}), json(std::vector<int>(13, 1))}) {
    refuse_option(unet, "/widths", value, {"widths"});
  }
  for (const char* flag : {"/batch_norm", "/input_batch_norm", "/padding"}) {
    refuse_option(unet, flag, 1, {flag + 1, "true or false"});
  }
  refuse_option(unet, "/up_mode", "nearest", {"up_mode", "upconv, upsample"});
  refuse_option(unet, "/pooling", "none", {"pooling", "average"});
  refuse_option(unet, "/activation", "gelu", {"activation", "leaky_relu"});
  for (const json& value : {json(0), json(-1e-5), json(1.5), json("1e-5"), json(nullptr)}) {
    refuse_option(unet, "/batch_norm_eps", value, {"batch_norm_eps"});
  }
}

TEST_F(NetworkFiles, OfAClassifierWithOptionsThatCannotBeAreRefused) {
  ClassifierOptions small;
  small.widths = {2, 2};
  small.crop = {4, 5, 6};
  const WeightsFile classifier = classifier_file(small);
  for (const auto& [name, value] : classifier.options.items()) {
    WeightsFile file = classifier;
    file.options.erase(name);
    refuse(file, ErrorCode::kBadBundle, {"field '", name.c_str(), "' is missing"});
  }
  refuse_option(classifier, "/padding", true, {"unknown field 'padding'"});
  refuse_option(classifier, "/out_channels", 0, {"out_channels"});
  refuse_option(classifier, "/widths", json::array(), {"widths"});
  refuse_option(classifier, "/tail_batch_norm", "yes", {"true or false"});
  refuse_option(classifier, "/crop", {4, 5}, {"crop", "three numbers: slices, rows, columns"});
  refuse_option(classifier, "/crop", {4, 5, 6, 7}, {"crop", "three numbers"});
  refuse_option(classifier, "/crop", {4, 3, 6}, {"crop[1] is 3"});  // halving twice leaves none
  refuse_option(classifier, "/crop", {4, 5, 5000}, {"crop[2] is 5000"});
  refuse_option(classifier, "/activation", "none", {"activation"});
  refuse_option(classifier, "/batch_norm_eps", 2, {"batch_norm_eps"});
}

TEST(Tensors, AreHandedOutByNameAndShape) {
  WeightsFile file = described("unet", nullptr);
  file.content.tensors = {{"a", {{2, 1}, {1, 2}}}, {"b", {{}, {3}}}, {"c", {{1}, {4}}}};
  Tensors tensors = file.tensors();
  EXPECT_EQ(tensors.take("a", {2, 1}), (std::vector<float>{1, 2}));
  EXPECT_EQ(tensors.take("b", {}), (std::vector<float>{3}));
  expect_error(ErrorCode::kBadBundle, {"weights.safetensors", "tensor 'd' is missing"},
               [&] { tensors.take("d", {1}); });
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{}, {2}, {1, 1}, {1, 2}}) {
    expect_error(ErrorCode::kBadBundle, {"tensor 'c' has the shape [1], expected ["},
                 [&] { tensors.take("c", shape); });
  }
  expect_error(ErrorCode::kBadBundle, {"not part of a network with these options: c"},
               [&] { tensors.require_all_taken(); });
  tensors.take("c", {1});
  EXPECT_NO_THROW(tensors.require_all_taken());
}

/// Each tensor of a network in turn: once missing, once with a wrong shape.
TEST(Tensors, AllOfAUnetAreNeeded) {
  for (const bool bilinear : {false, true}) {
    UnetOptions options;
    options.widths = {2, 3};
    options.bilinear = bilinear;
    const WeightsFile whole = unet_file(options);
    for (const auto& [name, tensor] : whole.content.tensors) {
      WeightsFile file = whole;
      file.content.tensors[name].shape.push_back(1);
      expect_error(ErrorCode::kBadBundle, {"tensor '", name.c_str(), "' has the shape", "1]"}, [&] {
        Tensors tensors = file.tensors();
        UnetGraph(options, tensors, Algorithm::kWinograd);
      });
      file.content.tensors.erase(name);
      expect_error(ErrorCode::kBadBundle, {"tensor '", name.c_str(), "' is missing"}, [&] {
        Tensors tensors = file.tensors();
        UnetGraph(options, tensors, Algorithm::kDirect);
      });
    }
    Tensors tensors = whole.tensors();
    UnetGraph(options, tensors, Algorithm::kWinograd);
    EXPECT_NO_THROW(tensors.require_all_taken());
  }
}

TEST(BatchNorms, AreScaleAndShift) {
  WeightsFile file = described("unet", nullptr);
  file.content.tensors = {{"n.weight", {{2}, {2, -3}}},
                          {"n.bias", {{2}, {1, 5}}},
                          {"n.running_mean", {{2}, {4, -1}}},
                          {"n.running_var", {{2}, {8.75F, 0}}}};
  Tensors tensors = file.tensors();
  const BatchNorm norm = take_batch_norm(tensors, "n", 2, 0.25);
  EXPECT_FLOAT_EQ(norm.scale[0], 2.0F / 3);
  EXPECT_FLOAT_EQ(norm.shift[0], 1 - 4 * 2.0F / 3);
  EXPECT_FLOAT_EQ(norm.scale[1], -6);  // variance 0, only the epsilon
  EXPECT_FLOAT_EQ(norm.shift[1], -1);
  const BatchNorm identity = identity_norm(3);
  EXPECT_EQ(identity.scale, (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(identity.shift, (std::vector<float>{0, 0, 0}));
}

}  // namespace
}  // namespace lungrt::native
