/// A bundle of small random networks for the native engine, and a chest to diagnose with it, for
/// tests from end to end without a framework.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "lungrt/pipeline.h"
#include "lungrt/stage_network.h"
#include "native/weights_file.h"
#include "temp_folder.h"

namespace lungrt::testing {

/// Two lungs with nodules in a body, in 4 mm voxels; profile "lung" finds its lung field.
class Chest {
 public:
  Chest() : hu_(static_cast<std::size_t>(kShape.voxels()), -1000) {
    cylinder(0, 40, 45, 50, 30, 42, 40);
    cylinder(6, 34, 45, 30, 18, 13, -850);
    cylinder(6, 34, 45, 70, 18, 13, -850);
    for (int n = 0; n < 6; ++n) {
      cylinder(9 + 4 * n, 13 + 4 * n, 38 + 2 * n, n % 2 == 0 ? 28 : 72, 3, 3, 60);
    }
  }

  static constexpr VolumeShape kShape{40, 90, 100};
  static constexpr Vec3 kOriginMm{-200.0, -180.0, 30.0};
  static constexpr Vec3 kSpacingMm{4.0, 4.0, 4.0};
  static constexpr Matrix3 kDirection{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

  const std::vector<std::int16_t>& hu() const { return hu_; }
  CtVolume volume() const {
    return {hu_.data(), kShape, Geometry(kOriginMm, kSpacingMm, kDirection), nullptr, "1.2.3"};
  }

 private:
  /// An elliptic cylinder along the slices, with texture, so that it is not taken for gas.
  void cylinder(std::int64_t first, std::int64_t last, double row, double column, double rows,
                double columns, int value) {
    for (std::int64_t s = first; s < last; ++s) {
      for (std::int64_t r = 0; r < kShape.rows; ++r) {
        for (std::int64_t c = 0; c < kShape.columns; ++c) {
          const double y = (static_cast<double>(r) - row) / rows;
          const double x = (static_cast<double>(c) - column) / columns;
          if (y * y + x * x > 1) continue;
          const int texture = static_cast<int>((s * 7 + r * 5 + c * 3) % 41 - 20);
          hu_[static_cast<std::size_t>((s * kShape.rows + r) * kShape.columns + c)] =
              static_cast<std::int16_t>(value + texture);
        }
      }
    }
  }

  std::vector<std::int16_t> hu_;
};

/// Thresholds of the bundle with which the chest has many candidates, about half of them nodules.
class NativeBundle {
 public:
  explicit NativeBundle(const TempFolder& folder) : folder_(folder), manifest_(example_manifest()) {
    native::UnetOptions unet;
    unet.in_channels = 3;
    unet.widths = {4, 6};
    add("segmentation", native::testing::unet_file(unet).bytes());
    auto& slices = manifest_["stages"]["segmentation"]["input"];
    slices["shape"] = {"batch", 3, "height", "width"};
    slices["context_slices"] = 1;
    slices["size_multiple"] = 2;
    slices["halo"] = 0;
    native::ClassifierOptions classifier;
    classifier.widths = {2, 3};
    classifier.crop = {8, 8, 8};
    for (unsigned seed = 2; const char* stage : {"nodule", "malignancy"}) {
      add(stage, native::testing::classifier_file(classifier, seed++).bytes());
      auto& input = manifest_["stages"][stage]["input"];
      input["crop"] = {8, 8, 8};
      input["shape"] = {"batch", 1, 8, 8, 8};
    }
    write();
    choose_thresholds();
  }

  std::string path() const { return (folder_.path() / "native").string(); }

 private:
  void add(const std::string& stage, const std::string& weights) {
    const std::string name = stage + "/weights.safetensors";
    folder_.write("native/" + name, weights);
    auto& network = manifest_["stages"][stage]["networks"][0];
    network["artifacts"] = {{"safetensors",
                             {{"file", name},
                              {"sha256", sha256(weights.data(), weights.size())},
                              {"bytes", weights.size()},
                              {"made_with", "a test"}}}};
    manifest_["stages"][stage]["networks"] = nlohmann::json::array({network});
    manifest_["stages"][stage]["input"]["scale"] = 0.001;
    manifest_["stages"][stage]["input"]["offset"] = 0.0;
    manifest_["stages"][stage]["output"]["kind"] = "probability";
  }

  void write() const { folder_.write("native/manifest.json", manifest_.dump()); }

  static double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values.at(static_cast<std::size_t>(share * static_cast<double>(values.size() - 1)));
  }

  struct Thresholds {
    double segmentation, nodule;
  };

  void choose_thresholds() {
    static const Thresholds chosen = find_thresholds();  // computed once per process
    manifest_["stages"]["segmentation"]["threshold"] = chosen.segmentation;
    manifest_["stages"]["nodule"]["threshold"] = chosen.nodule;
    write();
  }

  /// Searches thresholds, because the range of a random network's outputs is not known beforehand.
  Thresholds find_thresholds() {
    const Chest chest;
    const std::vector<double> values = probabilities(chest);
    // Searched from the median outwards to be fast: each test process repeats this.
    for (int step = 0; step < 63; ++step) {
      const int share = 32 + (step % 2 == 0 ? step / 2 : -(step + 1) / 2);
      const double threshold = quantile(values, share / 64.0);
      manifest_["stages"]["segmentation"]["threshold"] = threshold;
      write();
      PipelineOptions options;
      options.profile = "lung";
      const Pipeline pipeline(path(), options);
      const auto candidates = pipeline.group(chest.volume(), pipeline.segment(chest.volume()));
      if (candidates.size() < 12 || candidates.size() > 200) continue;
      std::vector<double> p_nodule;
      for (const Finding& finding : pipeline.classify(chest.volume(), candidates)) {
        p_nodule.push_back(finding.p_nodule);
      }
      return {threshold, quantile(p_nodule, 0.5)};
    }
    throw std::logic_error("no threshold gives 12 to 200 candidates in the test's chest");
  }

  std::vector<double> probabilities(const Chest& chest) const {
    const Pipeline pipeline(path());
    const StageNetwork network(path(), "segmentation");
    std::vector<double> values;
    for (std::int64_t slice = 0; slice < Chest::kShape.slices; slice += 4) {
      NetworkInput input = pipeline.segmentation_input(chest.volume(), slice);
      input.shape.insert(input.shape.begin(), 1);
      std::vector<float> output(static_cast<std::size_t>(input.shape[2] * input.shape[3]));
      network.run(input.values.data(), input.shape, output.data());
      values.insert(values.end(), output.begin(), output.end());
    }
    return values;
  }

  const TempFolder& folder_;
  nlohmann::json manifest_;
};

}  // namespace lungrt::testing
