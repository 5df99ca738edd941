#include "backend/compiled_session.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

bool equal(const TensorShape& shape, const std::vector<std::int64_t>& sizes) {
  return std::equal(shape.sizes(), shape.sizes() + shape.rank(), sizes.begin(), sizes.end());
}

/// "512 x 512": the sizes after batch and channels, each less than the shape's by `less`.
template <typename Sizes>
std::string extent(const Sizes& sizes, int rank, std::int64_t less, const char* by) {
  std::string result;
  for (int axis = 2; axis < rank; ++axis) {
    result += (axis == 2 ? "" : by) + std::to_string(sizes[axis] - less);
  }
  return result;
}

/// "[1, 7, 512, 512]"
template <typename Sizes>
std::string text(const Sizes& sizes, int rank) {
  std::string result = "[";
  for (int axis = 0; axis < rank; ++axis) {
    result += (axis == 0 ? "" : ", ") + std::to_string(sizes[axis]);
  }
  return result + "]";
}

struct Sized {
  CompiledModel model;
  std::unique_ptr<Session> session;
};

class CompiledWorkspace final : public Workspace {
 public:
  explicit CompiledWorkspace(const std::vector<Sized>& sizes) {
    for (const Sized& sized : sizes) workspaces_.push_back(sized.session->new_workspace());
  }
  Workspace& of(std::size_t size) { return *workspaces_[size]; }

 private:
  std::vector<std::unique_ptr<Workspace>> workspaces_;
};

class CompiledSession final : public Session {
 public:
  CompiledSession(std::vector<Sized> sizes, CompiledHint hint)
      : sizes_(std::move(sizes)), hint_(std::move(hint)) {
    const Sized& first = sizes_.front();
    traits_ = {first.model.channels_last ? Layout::kNhwc : Layout::kNchw,
               first.model.input_shape[0], first.session->traits().run_streams, true, true};
  }

  const SessionTraits& traits() const override { return traits_; }

  std::unique_ptr<Workspace> new_workspace() const override {
    return std::make_unique<CompiledWorkspace>(sizes_);
  }

  void run(Workspace& workspace, const TensorView& input, const TensorView& output) const override {
    const auto found = std::find_if(sizes_.begin(), sizes_.end(), [&](const Sized& sized) {
      return equal(input.shape, sized.model.input_shape);
    });
    if (found == sizes_.end()) refuse_size(input.shape);
    check(input, output, found->model);
    const auto size = static_cast<std::size_t>(found - sizes_.begin());
    found->session->run(dynamic_cast<CompiledWorkspace&>(workspace).of(size), input, output);
  }

 private:
  [[noreturn]] void refuse_size(const TensorShape& shape) const {
    const auto& sizes = sizes_.front().model.input_shape;
    const int rank = static_cast<int>(sizes.size());
    const bool same_but_size = shape.rank() == rank && shape[0] == sizes[0] && shape[1] == sizes[1];
    if (!same_but_size || rank != 4) {  // crops have a single size
      throw Error(ErrorCode::kInvalidArgument, "the network was compiled for an input of " +
                                                   text(sizes, rank) + ", got " +
                                                   text(shape.sizes(), shape.rank()));
    }
    const std::int64_t halo = 2 * hint_.halo;
    std::vector<std::string> compiled;
    for (const Sized& sized : sizes_) {
      compiled.push_back(extent(sized.model.input_shape, rank, halo, " x "));
    }
    throw Error(ErrorCode::kInvalidArgument,
                "the network was compiled for slices of " +
                    text::listed(compiled, ", ", compiled.size()) +
                    " (rows x columns, padded), got " + extent(shape, rank, halo, " x ") +
                    "; run `" + hint_.command + " --size " + extent(shape, rank, halo, "x") +
                    "`, or use another engine");
  }

  static void check(const TensorView& input, const TensorView& output, const CompiledModel& model) {
    const Layout layout = model.channels_last ? Layout::kNhwc : Layout::kNchw;
    if (input.layout != layout || output.layout != Layout::kNchw) {
      throw Error(ErrorCode::kInvalidArgument,
                  std::string("the network was compiled for an input in ") +
                      (model.channels_last ? "NHWC (channels last)" : "NCHW (channels first)") +
                      " layout and an output in NCHW layout, got another layout");
    }
    if (!equal(output.shape, model.output_shape)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the network was compiled for an output of " +
                      text(model.output_shape, static_cast<int>(model.output_shape.size())) +
                      ", got " + text(output.shape.sizes(), output.shape.rank()));
    }
    if (!(input.device == Device{}) || !(output.device == Device{})) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "the network was compiled for the CPU, got a tensor in the memory of another device");
    }
  }

  std::vector<Sized> sizes_;
  CompiledHint hint_;
  SessionTraits traits_;
};

}  // namespace

std::unique_ptr<Session> open_compiled(const Engine& engine,
                                       const std::vector<CompiledModel>& models,
                                       SessionRequest request, CompiledHint hint) {
  std::vector<Sized> sizes;
  for (const CompiledModel& model : models) {
    request.artifact = model.file;
    sizes.push_back({model, engine.open(request)});
  }
  return std::make_unique<CompiledSession>(std::move(sizes), std::move(hint));
}

}  // namespace lungrt
