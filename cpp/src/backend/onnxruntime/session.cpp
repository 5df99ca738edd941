#include "backend/onnxruntime/session.h"

#include <algorithm>
#include <optional>
#include <string>

#include "backend/engine_library.h"
#include "backend/onnxruntime/providers.h"
#include "backend/onnxruntime/runtime.h"

namespace lungrt::onnxruntime {

using engine_library::Failure;
namespace {

/// One slice per thread is faster than the rows of one slice across threads: nothing waits for the
/// slowest thread at the end of each operator. But each run stream has activations of its own.
constexpr int kMaxRunStreams = 4;

Ort::MemoryInfo memory_of(const LungrtTensor& tensor) {
  return tensor.cuda != 0
             ? Ort::MemoryInfo("Cuda", OrtDeviceAllocator, tensor.device_index, OrtMemTypeDefault)
             : Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
}

/// Checks the only input or output of a graph against the manifest: name, type and rank.
void check_value(const char* what, const std::string& expected, std::size_t count,
                 const std::string& name, const Ort::TypeInfo& type, int rank) {
  if (count != 1 || name != expected) {
    throw Failure(kLungrtBadArtifact, std::string("the graph has ") + std::to_string(count) + " " +
                                          what + "s, the first called '" + name +
                                          "'; expected one called '" + expected + "'");
  }
  if (type.GetONNXType() != ONNX_TYPE_TENSOR) {
    throw Failure(kLungrtBadArtifact, std::string("the graph's ") + what + " is not a tensor");
  }
  const auto tensor = type.GetTensorTypeAndShapeInfo();
  if (tensor.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
    throw Failure(kLungrtBadArtifact, std::string("the graph's ") + what + " is not float32");
  }
  if (rank != 0 && tensor.GetShape().size() != static_cast<std::size_t>(rank)) {
    throw Failure(kLungrtBadArtifact, std::string("the graph's ") + what + " has " +
                                          std::to_string(tensor.GetShape().size()) +
                                          " axes, expected " + std::to_string(rank));
  }
}

}  // namespace

bool Workspace::Bound::is(const LungrtTensor& tensor) const {
  return data == tensor.data && cuda == tensor.cuda &&
         static_cast<std::size_t>(tensor.rank) == shape.size() &&
         std::equal(shape.begin(), shape.end(), tensor.shape);
}

void Workspace::Bound::set(const LungrtTensor& tensor) {
  data = tensor.data;
  cuda = tensor.cuda;
  shape.assign(tensor.shape, tensor.shape + tensor.rank);
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) elements *= size;
  value = Ort::Value::CreateTensor<float>(memory_of(tensor), tensor.data,
                                          static_cast<std::size_t>(elements), shape.data(),
                                          shape.size());
}

Session::Session(const LungrtSessionRequest& request)
    : options_(parse_options(request)),
      input_name_(request.input_name),
      output_name_(request.output_name),
      cuda_(request.cuda != 0),
      slices_(request.input_rank == 4),
      // The other providers use several threads for one run themselves.
      run_streams_(options_.provider == "cpu" ? std::min(request.threads, kMaxRunStreams) : 1),
      session_(open(request)) {
  check_signature(request.input_rank);
}

std::unique_ptr<Ort::Session> Session::open(const LungrtSessionRequest& request) const {
  std::optional<DeviceUse> use;  // weights are copied to the device
  if (cuda_) use.emplace(false);
  return std::make_unique<Ort::Session>(environment(), request.artifact, settings(request));
}

Ort::SessionOptions Session::settings(const LungrtSessionRequest& request) const {
  Ort::SessionOptions settings;
  // All run streams share the pool's threads, and each contributes its own thread.
  settings.SetIntraOpNumThreads(request.threads - run_streams_ + 1);
  settings.SetInterOpNumThreads(1);
  settings.SetExecutionMode(ORT_SEQUENTIAL);
  // Idle threads that spin would take cores from other work.
  settings.AddConfigEntry("session.intra_op.allow_spinning", "0");
  settings.AddConfigEntry("session.inter_op.allow_spinning", "0");
  settings.SetGraphOptimizationLevel(options_.graph);
  if (!options_.arena) settings.DisableCpuMemArena();
  append_provider(settings, options_, request.device_index, request.threads);
  return settings;
}

void Session::check_signature(int input_rank) const {
  const Ort::AllocatorWithDefaultOptions allocator;
  const std::size_t inputs = session_->GetInputCount();
  const std::size_t outputs = session_->GetOutputCount();
  if (inputs == 0 || outputs == 0) {
    throw Failure(kLungrtBadArtifact, "the graph has no input or no output");
  }
  check_value("input", input_name_, inputs, session_->GetInputNameAllocated(0, allocator).get(),
              session_->GetInputTypeInfo(0), input_rank);
  check_value("output", output_name_, outputs, session_->GetOutputNameAllocated(0, allocator).get(),
              session_->GetOutputTypeInfo(0), 0);
}

LungrtSessionTraits Session::traits() const {
  // The runtime reorders to its own blocked layouts at the ends of the graph.
  if (cuda_) {
    // A graph is captured for one shape.
    return {.channels_last = 0,
            .batch = slices_ ? 8 : 64,
            .run_streams = 1,
            .fixed_batch = options_.cuda_graph ? 1 : 0,
            .device_tensors = 1};
  }
  return {.channels_last = 0, .batch = slices_ ? 1 : 8, .run_streams = run_streams_};
}

void Session::run(LungrtWorkspace& given, const LungrtTensor& input,
                  const LungrtTensor& output) const {
  auto& workspace = dynamic_cast<Workspace&>(given);
  if (options_.cuda_graph && input.cuda == 0) {
    throw Failure(kLungrtInvalidOption,
                  "option cuda_graph=on needs tensors in device memory; install lungrt with its "
                  "CUDA core (liblungrt_cuda.so), or omit the option");
  }
  std::optional<DeviceUse> use;
  if (cuda_) use.emplace(options_.cuda_graph);
  // An input in host memory is copied to the device when it is bound.
  const bool copied = cuda_ && input.cuda == 0;
  if (copied || !workspace.input_.is(input)) {
    workspace.input_.set(input);
    workspace.binding_.BindInput(input_name_.c_str(), workspace.input_.value);
  }
  if (!workspace.output_.is(output)) {
    workspace.output_.set(output);
    workspace.binding_.BindOutput(output_name_.c_str(), workspace.output_.value);
  }
  Ort::RunOptions options;
  if (options_.cuda_graph) {
    const int number = graphs_.number_for(input, output);
    options.AddConfigEntry("gpu_graph_id", std::to_string(number).c_str());
  }
  session_->Run(options, workspace.binding_);
}

}  // namespace lungrt::onnxruntime
