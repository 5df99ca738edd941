#include "lungrt/pipeline.h"

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "casters.h"
#include "lungrt/error.h"
#include "lungrt/lung_field.h"
#include "register.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

using EngineOptions = std::map<std::string, std::string>;
using Progress = py::typing::Callable<py::object(py::str, py::int_, py::int_)>;

/// A run whose callbacks call into Python. An exception that Python raises there, the callback's
/// own or KeyboardInterrupt, ends the run and reaches the caller unchanged, whatever error the
/// library turned it into.
class PythonRun {
 public:
  /// \param limits  options without callbacks
  PythonRun(std::optional<Progress> progress, RunOptions limits)
      : progress_(std::move(progress)), options_(std::move(limits)) {
    options_.cancelled = [this] { return interrupted(); };
    if (progress_) {
      options_.progress = [this](const char* stage, std::int64_t done, std::int64_t total) {
        report_progress(stage, done, total);
      };
    }
  }
  PythonRun(const PythonRun&) = delete;
  PythonRun& operator=(const PythonRun&) = delete;

  /// Calls `work(const RunOptions&)` without the GIL.
  template <typename Work>
  auto operator()(const Work& work) {
    try {
      const py::gil_scoped_release release;
      return work(options_);
    } catch (...) {
      if (raised_) std::rethrow_exception(raised_);
      throw;
    }
  }

 private:
  bool interrupted() {
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() == 0) return false;
    raised_ = std::make_exception_ptr(py::error_already_set());
    return true;
  }

  void report_progress(const char* stage, std::int64_t done, std::int64_t total) {
    const py::gil_scoped_acquire gil;
    try {
      (*progress_)(stage, done, total);
    } catch (const py::error_already_set&) {
      raised_ = std::current_exception();
      throw Error(ErrorCode::kCancelled, "the progress callback raised an exception");
    }
  }

  std::optional<Progress> progress_;
  RunOptions options_;
  std::exception_ptr raised_;
};

RunOptions limits(double max_seconds, std::int64_t max_memory_bytes,
                  std::int64_t max_candidates = 0) {
  RunOptions options;
  options.max_seconds = max_seconds;
  options.max_memory_bytes = max_memory_bytes;
  options.max_candidates = max_candidates;
  return options;
}

std::unique_ptr<Pipeline> open_pipeline(const std::string& bundle, const std::string& engine,
                                        const std::string& device, const std::string& precision,
                                        const std::string& profile, const std::string& geometry,
                                        const std::string& region, std::optional<bool> merge_marks,
                                        const std::string& voxel_order, int threads,
                                        bool verify_hashes, const EngineOptions& engine_options) {
  PipelineOptions options;
  options.engine = engine;
  options.device = device;
  options.precision = precision;
  options.profile = profile;
  options.geometry = geometry;
  options.region = region;
  options.merge_marks = merge_marks;
  options.voxel_order = voxel_order;
  options.threads = threads;
  options.verify_hashes = verify_hashes;
  options.engine_options = engine_options;
  const py::gil_scoped_release release;
  return std::make_unique<Pipeline>(bundle, options);
}

py::array_t<float> to_array(NetworkInput input) {
  return take(std::move(input.values), {input.shape.begin(), input.shape.end()});
}

}  // namespace

void register_pipeline(py::module_& module) {
  py::class_<Pipeline>(module, "Pipeline", "A loaded bundle; base class of lungrt.Pipeline.")
      .def(py::init(&open_pipeline), py::arg("bundle"), py::kw_only(), py::arg("engine") = "auto",
           py::arg("device") = "cpu", py::arg("precision") = "fp32", py::arg("profile") = "lung",
           py::arg("geometry") = "", py::arg("region") = "", py::arg("merge_marks") = py::none(),
           py::arg("voxel_order") = "", py::arg("threads") = 0, py::arg("verify_hashes") = true,
           py::arg("engine_options") = EngineOptions{})
      .def(
          "run",
          [](const Pipeline& self, const CtVolume& volume, std::optional<Progress> progress,
             std::int64_t max_candidates, double max_seconds, std::int64_t max_memory_bytes,
             bool keep_masks, bool allow_non_hu) {
            RunOptions given = limits(max_seconds, max_memory_bytes, max_candidates);
            given.keep_masks = keep_masks;
            given.allow_non_hu = allow_non_hu;
            PythonRun run(std::move(progress), std::move(given));
            return run([&](const RunOptions& options) { return self.run(volume, options); });
          },
          py::arg("volume"), py::kw_only(), py::arg("progress") = py::none(),
          py::arg("max_candidates") = 0, py::arg("max_seconds") = 0.0,
          py::arg("max_memory_bytes") = 0, py::arg("keep_masks") = false,
          py::arg("allow_non_hu") = false)
      .def(
          "segment",
          [](const Pipeline& self, const CtVolume& volume, std::optional<Progress> progress,
             double max_seconds, std::int64_t max_memory_bytes, bool allow_non_hu) {
            RunOptions given = limits(max_seconds, max_memory_bytes);
            given.allow_non_hu = allow_non_hu;
            PythonRun run(std::move(progress), std::move(given));
            return run([&](const RunOptions& options) { return self.segment(volume, options); });
          },
          py::arg("volume"), py::kw_only(), py::arg("progress") = py::none(),
          py::arg("max_seconds") = 0.0, py::arg("max_memory_bytes") = 0,
          py::arg("allow_non_hu") = false)
      .def(
          "group",
          [](const Pipeline& self, const CtVolume& volume, const NoduleMask& mask) {
            PythonRun run(std::nullopt, {});
            return run(
                [&](const RunOptions& options) { return self.group(volume, mask, options); });
          },
          py::arg("volume"), py::arg("mask"))
      .def(
          "classify",
          [](const Pipeline& self, const CtVolume& volume, const std::vector<Candidate>& candidates,
             std::optional<Progress> progress, std::int64_t max_candidates, double max_seconds,
             std::int64_t max_memory_bytes) {
            PythonRun run(std::move(progress),
                          limits(max_seconds, max_memory_bytes, max_candidates));
            return run([&](const RunOptions& options) {
              return self.classify(volume, candidates, options);
            });
          },
          py::arg("volume"), py::arg("candidates"), py::kw_only(), py::arg("progress") = py::none(),
          py::arg("max_candidates") = 0, py::arg("max_seconds") = 0.0,
          py::arg("max_memory_bytes") = 0)
      .def(
          "segmentation_input",
          [](const Pipeline& self, const CtVolume& volume, std::int64_t slice) {
            return to_array(self.segmentation_input(volume, slice));
          },
          py::arg("volume"), py::arg("slice_index"))
      .def(
          "nodule_input",
          [](const Pipeline& self, const CtVolume& volume, const VoxelIndex& index) {
            return to_array(self.nodule_input(volume, index));
          },
          py::arg("volume"), py::arg("index"))
      .def_property_readonly("engine", &Pipeline::engine, "Name of the engine in use.")
      .def_property_readonly("device", &Pipeline::device, "Device in use: cpu or cuda:N.")
      .def_property_readonly("profile", &Pipeline::profile, "Options of the profile in use.")
      .def_property_readonly("threads", &Pipeline::threads, "Number of CPU threads.")
      .def("__repr__", [](const py::object& object) {
        // If __init__ raised, the object holds no pipeline, but tracebacks still show it.
        auto* instance = reinterpret_cast<py::detail::instance*>(object.ptr());
        if (!instance->get_value_and_holder().holder_constructed()) {
          return py::str("<Pipeline that could not be opened>");
        }
        const auto& self = object.cast<const Pipeline&>();
        return py::str("Pipeline(engine={!r}, device={!r}, profile={!r}, threads={})")
            .format(self.engine(), self.device(), self.profile().profile, self.threads());
      });

  py::class_<LungField>(module, "LungField", "Lungs and the tissue along their walls.")
      .def_readonly("mask", &LungField::mask, "NoduleMask of the field, in the CT's shape.")
      .def_readonly("air_ml", &LungField::air_ml, "Volume of aerated lung.")
      .def_readonly("field_ml", &LungField::field_ml, "Volume of the mask.")
      .def_readonly("notes", &LungField::notes, "Where the field was widened, and why.");

  module.def(
      "find_lung_field",
      [](const CtVolume& volume, int threads, std::optional<Progress> progress, double max_seconds,
         std::int64_t max_memory_bytes) {
        PythonRun run(std::move(progress), limits(max_seconds, max_memory_bytes));
        return run(
            [&](const RunOptions& options) { return find_lung_field(volume, threads, options); });
      },
      py::arg("volume"), py::kw_only(), py::arg("threads") = 0, py::arg("progress") = py::none(),
      py::arg("max_seconds") = 0.0, py::arg("max_memory_bytes") = 0);
}

}  // namespace lungrt::python
