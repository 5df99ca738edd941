#include "options.h"

#include <lungrt/engines.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>

#include "commands.h"

namespace lungrt::cli {
namespace {

/// \param form  what a text has to look like, as in the help
std::map<std::string, std::string> named_values(const std::string& option, const char* form,
                                                const std::vector<std::string>& given,
                                                std::map<std::string, std::string> known = {}) {
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(ErrorCode::kInvalidArgument, option + " " + text + ": expected " + form);
    }
    const std::string name = text.substr(0, equals);
    if (!known.emplace(name, text.substr(equals + 1)).second) {
      throw Error(ErrorCode::kInvalidArgument, option + " " + name + ": given twice");
    }
  }
  return known;
}

/// A size such as 500M or 2GiB in bytes.
std::int64_t parse_memory(const std::string& text) {
  static const std::map<std::string, long double> kUnits{
      {"", 1},         {"k", 1e3},      {"m", 1e6},     {"g", 1e9},
      {"ki", 1 << 10}, {"mi", 1 << 20}, {"gi", 1 << 30}};
  const std::string size = CLI::detail::to_lower(CLI::detail::trim_copy(text));
  const std::size_t end = std::min(size.find_first_not_of("0123456789."), size.size());
  std::string unit = CLI::detail::trim_copy(size.substr(end));
  if (!unit.empty() && unit.back() == 'b') unit.pop_back();
  const auto factor = kUnits.find(unit);
  long double number = 0;
  const auto read = std::from_chars(size.data(), size.data() + end, number);
  const bool whole = read.ec == std::errc() && read.ptr == size.data() + end &&
                     size.front() != '.' && size[end - 1] != '.';
  if (whole && factor != kUnits.end()) {
    const long double bytes = std::floor(number * factor->second);
    if (bytes >= 1 && bytes <= 9223372036854775807.0L) return static_cast<std::int64_t>(bytes);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "--memory-limit " + text +
                  ": expected a number of bytes, or a number with K, M, G (powers of 1,000) or Ki, "
                  "Mi, Gi (powers of 1,024), such as 500M or 2GiB");
}

}  // namespace

std::map<std::string, std::string> RunArguments::engine_settings() const {
  std::map<std::string, std::string> known;
  if (!kernels.empty()) known["kernels"] = kernels;
  return named_values("--engine-option", "NAME=VALUE", engine_options, known);
}

RunOptions RunArguments::run_options() const {
  RunOptions options;
  if (time_limit) {
    if (!(*time_limit > 0) || !std::isfinite(*time_limit)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "--time-limit: expected a number of seconds greater than 0");
    }
    options.max_seconds = *time_limit;
  }
  if (memory_limit) options.max_memory_bytes = parse_memory(*memory_limit);
  options.allow_non_hu = allow_non_hu;
  options.cancelled = interrupted;
  options.progress = stage_lines(no_progress);
  return options;
}

void add_run_options(CLI::App& command, RunArguments& to) {
  const auto text = [&](const char* name, auto& value, const char* type, const char* help) {
    return command.add_option(name, value, help)->type_name(type);
  };
  PipelineOptions& pipeline = to.pipeline;
  text("--series", to.reading.series, "UID",
       "UID of the series to read if several in the DICOM folder can be a volume, or UID:PART if "
       "several parts of it can be. The command info lists them.");
  command.add_flag("--resample", to.reading.resample,
                   "Interpolate a DICOM series with irregular, missing or repeated slices, or a "
                   "tilted gantry, onto a regular grid. Without this option such a series is "
                   "refused.");
  text("--engine", pipeline.engine, "TEXT",
       "Inference engine: native, torchscript, onnxruntime, aotinductor or auto. auto takes the "
       "first of native, torchscript and onnxruntime that can run every network of the bundle on "
       "the device. lungrt-native info shows which engines are available.")
      ->capture_default_str();
  text("--engine-option", to.engine_options, "NAME=VALUE",
       "Setting of the engine; repeat the option for several settings. native: kernels=winograd or "
       "direct; instruction_set=auto, avx512, avx512_intel, avx2 or portable. torchscript: "
       "graph=rewritten "
       "(faster) or traced (sums in the original order); memory_format=auto, contiguous or "
       "channels_last (of weights on a GPU). onnxruntime: provider=cpu, cuda, tensorrt or "
       "openvino; arena=on or off; graph=all, extended, basic or off; cudnn_search=heuristic, "
       "exhaustive or default; cuda_graph=off or on. aotinductor has no settings. The first value "
       "is the default, except that provider follows the device. The "
       "documentation page 'Engines' explains each setting.")
      ->expected(1)
      ->take_all();
  text("--kernels", to.kernels, "TEXT",
       "Convolution kernels of the native engine: winograd (the default, faster) or direct. The "
       "same as --engine-option kernels=VALUE.");
  text("--device", pipeline.device, "TEXT",
       "Where the networks run: cpu, cuda, cuda:N (GPU number N), or auto (the first GPU if the "
       "engine can use one, otherwise the CPU).")
      ->capture_default_str();
  text("--precision", pipeline.precision, "TEXT",
       "Number format in which the networks are computed: fp32, tf32, bf16, fp16 or int8. "
       "lungrt-native info lists what each engine supports. Other formats than fp32 can change "
       "decisions; lungrt compare shows which.")
      ->capture_default_str();
  text("--threads", pipeline.threads, "INTEGER",
       "Number of CPU threads; by default all processors available to this process.")
      ->check(CLI::PositiveNumber);
  text("--profile", pipeline.profile, "TEXT",
       "Preset of where and how to look for nodules. lung: look only inside the lung field, merge "
       "marks of one lesion, use exact geometry, bring voxels into the patient's order, and pad "
       "volumes smaller than a crop with air. "
       "book: search the whole volume exactly as the book 'Deep Learning with PyTorch' does.")
      ->capture_default_str();
  text("--geometry", pipeline.geometry, "TEXT",
       "How world coordinates become voxels: exact, or book (the formula of the book, which is "
       "wrong for oblique scans). Overrides the profile.");
  text("--region", pipeline.region, "TEXT",
       "Where to look for nodules: lung (inside the lung field) or volume (everywhere). Overrides "
       "the profile.");
  command.add_flag_function(
      "--merge-marks,!--no-merge-marks",
      [&pipeline](std::int64_t count) { pipeline.merge_marks = count > 0; },
      "Report nearby marks of one lesion as one nodule, or each mark as a nodule. Overrides the "
      "profile.");
  text(
      "--voxel-order", pipeline.voxel_order, "TEXT",
      "Order of axes that the networks see: patient (columns to the left, rows to the back, slices "
      "to the head, so that every stored order of a CT gives the same result) or stored. Results "
      "are in the stored order. Overrides the profile.");
  text("--time-limit", to.time_limit, "SECONDS",
       "Stop with an error if the run takes longer than this. Reading the CT and loading the "
       "bundle are not counted.");
  text("--memory-limit", to.memory_limit, "SIZE",
       "Stop with an error if the run would need more host memory than this: a number of bytes, or "
       "for example 500M or 2GiB. The CT, the weights and what engines other than native allocate "
       "internally are not counted.");
  command.add_flag(
      "--allow-non-hu", to.allow_non_hu,
      "Go on, with a note in the report, if the voxels cannot be Hounsfield units of a "
      "chest (no air, stored values without rescale, 8 bits). Without this option that "
      "is an error.");
  add_engine_runtimes(command, to.engine_runtimes);
  add_no_progress(command, to.no_progress);
}

void add_engine_runtimes(CLI::App& command, std::vector<std::string>& runtimes) {
  command
      .add_option("--engine-runtime", runtimes,
                  "Folder with the runtime libraries of an engine (libtorch_cpu.so, "
                  "libonnxruntime.so), if the system does not find them; may be repeated.")
      ->type_name("NAME=FOLDER")
      ->expected(1)
      ->take_all();
}

void add_no_progress(CLI::App& command, bool& no_progress) {
  command.add_flag("--no-progress", no_progress, "Do not show progress.");
}

void locate_runtimes(const std::vector<std::string>& runtimes) {
  for (const auto& [engine, folder] : named_values("--engine-runtime", "NAME=FOLDER", runtimes)) {
    set_engine_runtime_folder(engine, folder);
  }
}

}  // namespace lungrt::cli
