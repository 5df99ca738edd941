#include "backend/native/sessions.h"

#include <new>
#include <optional>
#include <string>
#include <variant>

#include "lungrt/error.h"
#include "native/classifier/classifier.h"
#include "native/network_file.h"
#include "native/unet/run.h"

namespace lungrt {

NativeSettings parse_native_settings(const EngineOptions& options) {
  native::Algorithm algorithm = native::Algorithm::kWinograd;
  std::string instruction_set = "auto";
  for (const auto& [name, value] : options) {
    if (name == "instruction_set") {
      instruction_set = value;
    } else if (name != "kernels") {
      throw Error(
          ErrorCode::kInvalidArgument,
          "engine native: unknown option '" + name +
              "'; its options are kernels (winograd, direct) and instruction_set (auto, avx512, "
              "avx512_intel, avx2, portable)");
    } else if (value == "direct") {
      algorithm = native::Algorithm::kDirect;
    } else if (value != "winograd") {
      throw Error(ErrorCode::kInvalidArgument,
                  "engine native: kernels is '" + value + "', expected winograd or direct");
    }
  }
  return {algorithm, native::kernels_for(native::choose_instruction_set(instruction_set))};
}

void require_family(const native::NetworkFile& network, bool slices,
                    const std::filesystem::path& file) {
  if (slices == std::holds_alternative<native::UnetOptions>(network.options)) return;
  throw Error(ErrorCode::kBadBundle,
              file.string() + ": holds a " +
                  (slices ? "classifier, expected a U-Net" : "U-Net, expected a classifier") +
                  " for this stage");
}

namespace {

std::string text(const TensorShape& shape) {
  std::string result = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    result += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  }
  return result + "]";
}

[[noreturn]] void refuse(const TensorView& input, const TensorView& output,
                         const std::string& expected) {
  throw Error(ErrorCode::kInference, "engine native: an input of " + text(input.shape) +
                                         " and an output of " + text(output.shape) +
                                         " do not fit the network, which expects " + expected);
}

/// Calls `body` and turns std::bad_alloc into Error kOutOfMemory.
template <typename Body>
auto within_memory(const std::string& doing, Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "engine native: out of memory " + doing);
  }
}

/// One slice or crop per run stream: threads share only the weights, so none waits for another.
constexpr std::int64_t kBatch = 1;

class UnetSession final : public Session {
 public:
  UnetSession(const native::UnetOptions& options, native::Tensors& tensors,
              const NativeSettings& settings, int threads)
      : graph_(options, tensors, settings.algorithm),
        kernels_(settings.kernels),
        traits_{Layout::kNhwc, kBatch, threads} {}

  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override { return std::make_unique<Own>(); }
  std::int64_t workspace_bytes(const TensorShape& input) const override {
    const auto height = static_cast<int>(input[2]);
    const auto width = static_cast<int>(input[3]);
    if (!graph_.takes(height, width)) return 0;  // run() refuses it
    return native::UnetRun::bytes(graph_, kernels_, height, width);
  }

  void run(Workspace& workspace, const TensorView& input, const TensorView& output) const override {
    const auto height = static_cast<int>(input.shape[2]);
    const auto width = static_cast<int>(input.shape[3]);
    const std::int64_t lost = 2 * graph_.halo();
    const bool fits = input.shape.rank() == 4 && input.layout == Layout::kNhwc &&
                      input.shape[1] == graph_.options().in_channels && graph_.takes(height, width);
    if (!fits || output.shape[1] != 1 || output.shape[2] != height - lost ||
        output.shape[3] != width - lost) {
      refuse(input, output,
             "an input of [N, " + std::to_string(graph_.options().in_channels) +
                 ", height, width] in channels-last layout, with height and width a multiple of " +
                 std::to_string(graph_.size_multiple()) +
                 (lost > 0 ? " plus " + std::to_string(lost) + ", and an output with " +
                                 std::to_string(lost) + " fewer rows and columns"
                           : ", and an output of the same height and width"));
    }
    std::optional<native::UnetRun>& run = dynamic_cast<Own&>(workspace).run;
    if (!run || run->height() != height || run->width() != width) {
      within_memory("for slices of " + std::to_string(height) + " x " + std::to_string(width),
                    [&] { run.emplace(graph_, kernels_, height, width); });
    }
    const std::int64_t items = input.shape[0];
    for (std::int64_t item = 0; item < items; ++item) {
      run->run(input.data + item * (input.shape.elements() / items),
               output.data + item * (output.shape.elements() / items));
    }
  }

 private:
  struct Own final : Workspace {
    std::optional<native::UnetRun> run;  ///< for slices of the size that was run last
  };
  native::UnetGraph graph_;
  const native::Kernels& kernels_;
  SessionTraits traits_;
};

class ClassifierSession final : public Session {
 public:
  ClassifierSession(const native::ClassifierOptions& options, native::Tensors& tensors,
                    const NativeSettings& settings, int threads)
      : classifier_(options, tensors, settings.algorithm),
        kernels_(settings.kernels),
        traits_{Layout::kNchw, kBatch, threads} {}

  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override {
    const auto& crop = classifier_.options().crop;
    return within_memory("for crops of " + std::to_string(crop[0]) + " x " +
                             std::to_string(crop[1]) + " x " + std::to_string(crop[2]),
                         [&] { return std::make_unique<Own>(classifier_, kernels_); });
  }
  std::int64_t workspace_bytes(const TensorShape&) const override {
    return native::ClassifierRun::bytes(classifier_);
  }

  void run(Workspace& workspace, const TensorView& input, const TensorView& output) const override {
    const native::ClassifierOptions& options = classifier_.options();
    const auto& crop = options.crop;
    if (input.shape[1] != 1 || input.shape[2] != crop[0] || input.shape[3] != crop[1] ||
        input.shape[4] != crop[2] || output.shape[1] != options.out_channels) {
      refuse(input, output,
             "an input of [N, 1, " + std::to_string(crop[0]) + ", " + std::to_string(crop[1]) +
                 ", " + std::to_string(crop[2]) + "] and an output of [N, " +
                 std::to_string(options.out_channels) + "]");
    }
    auto& own = dynamic_cast<Own&>(workspace);
    const std::int64_t items = input.shape[0];
    for (std::int64_t item = 0; item < items; ++item) {
      own.run.run(input.data + item * (input.shape.elements() / items),
                  output.data + item * options.out_channels);
    }
  }

 private:
  struct Own final : Workspace {
    Own(const native::Classifier& classifier, const native::Kernels& kernels)
        : run(classifier, kernels) {}
    native::ClassifierRun run;
  };
  native::Classifier classifier_;
  const native::Kernels& kernels_;
  SessionTraits traits_;
};

std::unique_ptr<Session> open(const SessionRequest& request) {
  const NativeSettings settings = parse_native_settings(request.options);
  native::NetworkFile file = native::read_network_file(request.artifact);
  const bool slices = request.input_rank == 4;
  require_family(file, slices, request.artifact);
  std::unique_ptr<Session> session;
  if (slices) {
    session = std::make_unique<UnetSession>(std::get<native::UnetOptions>(file.options),
                                            file.tensors, settings, request.threads);
  } else {
    session = std::make_unique<ClassifierSession>(std::get<native::ClassifierOptions>(file.options),
                                                  file.tensors, settings, request.threads);
  }
  file.tensors.require_all_taken();
  return session;
}

}  // namespace

std::unique_ptr<Session> open_native_session(const SessionRequest& request) {
  return within_memory("reading " + request.artifact.string(), [&] { return open(request); });
}

}  // namespace lungrt
