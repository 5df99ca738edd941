/// A valid manifest, for tests to damage.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lungrt::testing {

inline nlohmann::json example_file(const std::string& name) {
  return {{"file", name}, {"sha256", std::string(64, 'a')}, {"bytes", 10}, {"made_with", "x 1"}};
}

inline nlohmann::json example_network(const std::string& folder) {
  return {{"architecture", "unet"},
          {"options", {{"widths", {16, 32}}}},
          {"inferred", {"widths"}},
          {"checkpoint", {{"sha256", std::string(64, 'b')}, {"metadata", {{"epoch", 1}}}}},
          {"artifacts",
           {{"torchscript", example_file(folder + "/model.ts")},
            {"a-newer-format", example_file(folder + "/model.new")}}},
          {"goldens", nlohmann::json::array({example_file(folder + "/golden.safetensors")})}};
}

inline nlohmann::json example_tolerance() {
  return {{"cpu", {{"absolute", 1e-3}, {"decision_band", 5e-4}}},
          {"cuda", {{"absolute", 1e-3}, {"decision_band", 5e-4}}}};
}

inline nlohmann::json example_segmentation() {
  return {
      {"input",
       {{"name", "input"},
        {"dtype", "float32"},
        {"shape", {"batch", 7, "height", "width"}},
        {"hu_window", {-1000.0, 1000.0}},
        {"scale", 0.5},
        {"offset", 0.25},
        {"context_slices", 3},
        {"size_multiple", 4},
        {"halo", 20},
        {"spacing_mm", nullptr}}},
      {"output",
       {{"name", "output"}, {"kind", "probability"}, {"shape", {"batch", 1, "height", "width"}}}},
      {"classes", {"nodule"}},
      {"threshold", 0.5},
      {"tolerance", example_tolerance()},
      {"networks", nlohmann::json::array({example_network("segmentation")})}};
}

/// \param classes  names of the classes, which determine the stage
inline nlohmann::json example_classifier(const std::string& stage, const nlohmann::json& classes) {
  return {{"input",
           {{"name", "crop"},
            {"dtype", "float32"},
            {"shape", {"batch", 1, 32, 48, 40}},
            {"hu_window", {-1000, 1000}},
            {"scale", 1},
            {"offset", 0},
            {"crop", {32, 48, 40}},
            {"spacing_mm", nullptr}}},
          {"output",
           {{"name", "logits"},
            {"kind", "logits"},
            {"shape", nlohmann::json::array({"batch", classes.size()})}}},
          {"classes", classes},
          {"threshold", 0.6},
          {"tolerance", example_tolerance()},
          {"networks", nlohmann::json::array({example_network(stage + "/member-0"),
                                              example_network(stage + "/member-1")})}};
}

inline nlohmann::json example_manifest() {
  return {{"format_version", 1},
          {"lungrt_version", "0.1.0"},
          {"created", "2026-01-02T03:04:05+00:00"},
          {"stages",
           {{"segmentation", example_segmentation()},
            {"nodule", example_classifier("nodule", {"non-nodule", "nodule"})},
            {"malignancy", example_classifier("malignancy", {"benign", "malignant"})}}}};
}

}  // namespace lungrt::testing
