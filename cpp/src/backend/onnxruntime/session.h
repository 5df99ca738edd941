/// Session of an ONNX graph.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/engine_library.h"
#include "backend/onnxruntime/cuda_graphs.h"
#include "backend/onnxruntime/options.h"

namespace lungrt::onnxruntime {

/// Bindings of a run's input and output to the caller's memory, renewed only when that changes.
class Workspace final : public LungrtWorkspace {
 public:
  explicit Workspace(Ort::Session& session) : binding_(session) {}

 private:
  friend class Session;

  /// A bound tensor.
  struct Bound {
    const float* data = nullptr;
    std::int32_t cuda = 0;
    std::vector<std::int64_t> shape;
    Ort::Value value{nullptr};
    bool is(const LungrtTensor& tensor) const;
    void set(const LungrtTensor& tensor);
  };

  Ort::IoBinding binding_;
  Bound input_, output_;
};

/// Immutable after construction; run() may be called from many threads, each with a workspace.
class Session final : public LungrtSession {
 public:
  /// \throws Failure         as parse_options() and append_provider(), and kLungrtBadArtifact for a
  ///                         graph whose input or output differs from the manifest
  /// \throws Ort::Exception  where the file is not an ONNX graph that this runtime can load
  explicit Session(const LungrtSessionRequest& request);

  LungrtSessionTraits traits() const override;
  std::unique_ptr<LungrtWorkspace> new_workspace() const override {
    return std::make_unique<Workspace>(*session_);
  }
  void run(LungrtWorkspace& workspace, const LungrtTensor& input,
           const LungrtTensor& output) const override;

 private:
  std::unique_ptr<Ort::Session> open(const LungrtSessionRequest& request) const;
  Ort::SessionOptions settings(const LungrtSessionRequest& request) const;
  void check_signature(int input_rank) const;

  Options options_;
  std::string input_name_, output_name_;
  bool cuda_;
  bool slices_;      ///< input are slices with context, else crops
  int run_streams_;  ///< see LungrtSessionTraits
  std::unique_ptr<Ort::Session> session_;
  mutable CudaGraphs graphs_;  ///< used while a DeviceUse with a graph lives
};

}  // namespace lungrt::onnxruntime
