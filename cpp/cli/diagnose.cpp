/// `lungrt-native diagnose`: reads a CT, prints a table of nodules and writes the report to a file.

#include <lungrt/io.h>
#include <lungrt/pipeline.h>
#include <lungrt/process.h>

#include <memory>
#include <optional>

#include "commands.h"
#include "console.h"
#include "default_bundle.h"
#include "engine_settings.h"
#include "interrupt.h"
#include "limits.h"
#include "output_file.h"
#include "progress.h"
#include "report_csv.h"
#include "report_table.h"

namespace lungrt::cli {
namespace {

struct Arguments {
  std::string ct, bundle;
  PipelineOptions pipeline;
  std::string kernels;
  std::vector<std::string> engine_options, engine_runtimes;
  Limits limits;
  RunOptions run;
  bool candidates = false;
  ReadOptions reading;
  std::string output;
  std::string masks, mask_format = "nii.gz";
  bool no_progress = false;
};

void add_engine_options(CLI::App& command, Arguments& given) {
  PipelineOptions& to = given.pipeline;
  command
      .add_option(
          "--engine", to.engine,
          "Inference engine: native, torchscript, onnxruntime, aotinductor or auto. auto takes the "
          "first of native, torchscript and onnxruntime that can run every network of the bundle "
          "on the device. lungrt-native info shows which engines are available.")
      ->capture_default_str();
  command.add_option("--kernels", given.kernels,
                     "Convolution kernels of the native engine: winograd (the default, faster) or "
                     "direct. The same as --engine-option kernels=VALUE.");
  command
      .add_option("--engine-option", given.engine_options,
                  "Setting of the engine; repeat the option for several settings. The "
                  "documentation page 'Engines' explains each setting.")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  add_engine_runtimes(command, given.engine_runtimes);
  command
      .add_option("--device", to.device,
                  "Where the networks run: cpu, cuda, cuda:N (GPU number N), or auto (the first "
                  "GPU if the engine can use one, otherwise the CPU).")
      ->capture_default_str();
  command
      .add_option("--precision", to.precision,
                  "Number format in which the networks are computed: fp32, tf32, bf16, fp16 or "
                  "int8. lungrt-native info lists what each engine supports. Other formats than "
                  "fp32 can change decisions.")
      ->capture_default_str();
  command
      .add_option("--threads", to.threads,
                  "Number of CPU threads; by default all processors available to this process.")
      ->check(CLI::PositiveNumber);
}

void add_profile_options(CLI::App& command, Arguments& given) {
  PipelineOptions& to = given.pipeline;
  to.profile = "lung";
  command
      .add_option("--profile", to.profile,
                  "Preset of where and how to look for nodules. lung: look only inside the lung "
                  "field, merge marks of one lesion, use exact geometry, and pad volumes smaller "
                  "than a crop with air. book: search the whole volume exactly as the book does.")
      ->capture_default_str();
  command.add_option("--geometry", to.geometry,
                     "How world coordinates become voxels: exact, or book (the formula of the "
                     "book, which is wrong for oblique scans). Overrides the profile.");
  command.add_option("--region", to.region,
                     "Where to look for nodules: lung (inside the lung field) or volume "
                     "(everywhere). Overrides the profile.");
  command.add_flag_function(
      "--merge-marks,!--no-merge-marks", [&to](std::int64_t count) { to.merge_marks = count > 0; },
      "Report nearby marks of one lesion as one nodule, or each mark as a nodule. Overrides the "
      "profile.");
}

void add_file_options(CLI::App& command, Arguments& given) {
  command.add_flag("--candidates", given.candidates,
                   "Write every candidate to the report, not only the nodules.");
  command
      .add_option("--series", given.reading.series,
                  "UID of the series to read if the DICOM folder contains several.")
      ->type_name("UID");
  command.add_flag("--resample", given.reading.resample,
                   "Interpolate a DICOM series with irregular, missing or repeated slices onto a "
                   "regular grid. Without this option such a series is refused.");
  command.add_option("--output", given.output, "Write the report to FILE.json or FILE.csv.")
      ->type_name("FILE");
  command
      .add_option("--save-masks", given.masks,
                  "Write three images in the CT's geometry to this folder: the lung field, the "
                  "mask of all candidates, and a label map that numbers them.")
      ->type_name("FOLDER");
  command
      .add_option("--mask-format", given.mask_format, "File format of the images of --save-masks.")
      ->check(CLI::IsMember({"nii.gz", "nrrd", "mha"}))
      ->capture_default_str();
  command.add_flag("--no-progress", given.no_progress, "Do not show progress bars.");
}

Report diagnosed(const Arguments& given) {
  RunOptions options = given.run;
  const Pipeline pipeline(given.bundle.empty() ? default_bundle() : given.bundle, given.pipeline);
  const CtVolume volume = read_ct(given.ct, given.reading);
  Progress progress(!given.no_progress);
  options.keep_masks = !given.masks.empty();
  options.cancelled = interrupted;
  options.progress = [&](const char* stage, std::int64_t done, std::int64_t total) {
    progress.show(stage, done, total);
  };
  return pipeline.run(volume, options);
}

void diagnose(Arguments given) {
  set_limits(given.limits, given.run);
  std::optional<OutputFile> output;
  if (!given.output.empty())
    output.emplace(given.output, std::vector<std::string>{".json", ".csv"});
  if (!given.masks.empty()) make_mask_folder(given.masks);  // fails before the run, not after it
  locate_runtimes(given.engine_runtimes);
  std::map<std::string, std::string> known;
  if (!given.kernels.empty()) known["kernels"] = given.kernels;
  given.pipeline.engine_options = named_values("--engine-option", given.engine_options, known);
  given.reading.cancelled = interrupted;
  tune_process_allocator();  // affects the whole process, which is ours alone

  const Report report = diagnosed(given);
  std::vector<std::string> masks;
  if (!given.masks.empty()) masks = write_masks(given.masks, report, given.mask_format);
  if (output) {
    output->write(output->suffix() == ".csv" ? to_csv(report, given.candidates)
                                             : to_json(report, given.candidates) + "\n");
  }
  print_report(report);
  if (given.bundle.empty()) note_default_models();
  if (output) print("written to " + output->path().string());
  for (const std::string& file : masks) print("written to " + file);
  disclaim();
}

}  // namespace

std::function<void()> add_diagnose(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("diagnose", "Find lung nodules in a CT.");
  command
      .add_option("CT", given->ct,
                  "CT to diagnose: a folder with the slices of a DICOM series, or an image file "
                  "(.mhd, .mha, .nii, .nii.gz, .nrrd or .nhdr).")
      ->required();
  command.add_option("--bundle", given->bundle,
                     "Bundle with the networks: a folder written by lungrt export. By default the "
                     "models that come with lungrt, which are for demonstration only.");
  add_engine_options(command, *given);
  add_profile_options(command, *given);
  add_limits(command, given->limits);
  add_file_options(command, *given);
  command.footer(
      "Example: lungrt-native diagnose path/to/dicom --bundle bundle --output report.json");
  return [given] { diagnose(*given); };
}

}  // namespace lungrt::cli
