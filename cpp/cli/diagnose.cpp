/// `lungrt-native diagnose`: a CT in, a table of nodules and a file out.

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
      .add_option("--engine", to.engine,
                  "Inference engine; lungrt-native info lists them. auto: native where it can run "
                  "the bundle, else the first that can.")
      ->capture_default_str();
  command.add_option("--kernels", given.kernels,
                     "Of the native engine: winograd or direct; the same as --engine-option "
                     "kernels=...");
  command
      .add_option("--engine-option", given.engine_options,
                  "Setting of the engine, as often as needed; the README lists them.")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  add_engine_runtimes(command, given.engine_runtimes);
  command.add_option("--device", to.device, "cpu, cuda, cuda:N, or auto to take what is there.")
      ->capture_default_str();
  command
      .add_option("--precision", to.precision,
                  "fp32, tf32, bf16, fp16 or int8: what the networks are computed in.")
      ->capture_default_str();
  command
      .add_option("--threads", to.threads,
                  "CPU threads; all that this process may use if not given.")
      ->check(CLI::PositiveNumber);
}

void add_profile_options(CLI::App& command, Arguments& given) {
  PipelineOptions& to = given.pipeline;
  to.profile = "lung";
  command
      .add_option("--profile", to.profile,
                  "Preset of the next three options. lung: looks only where lungs are, marks of "
                  "one lesion merged. book: as the book does, everywhere.")
      ->capture_default_str();
  command.add_option("--geometry", to.geometry,
                     "book or exact: another way from world to voxel than the profile's.");
  command.add_option("--region", to.region, "volume or lung: look elsewhere than the profile.");
  command.add_flag_function(
      "--merge-marks,!--no-merge-marks", [&to](std::int64_t count) { to.merge_marks = count > 0; },
      "Make nearby marks of one lesion one nodule, or not.");
}

void add_file_options(CLI::App& command, Arguments& given) {
  command.add_flag("--candidates", given.candidates,
                   "Write every candidate to the file, not only nodules.");
  command
      .add_option("--series", given.reading.series,
                  "Series to take where the folder holds several.")
      ->type_name("UID");
  command.add_flag("--resample", given.reading.resample,
                   "Interpolate irregular, missing or repeated slices instead of refusing them.");
  command.add_option("--output", given.output, "Write the report to FILE.json or FILE.csv.")
      ->type_name("FILE");
  command
      .add_option("--save-masks", given.masks,
                  "Write lung field, nodule mask and labels, in the CT's geometry, there.")
      ->type_name("FOLDER");
  command.add_option("--mask-format", given.mask_format, "Of the files that --save-masks writes.")
      ->check(CLI::IsMember({"nii.gz", "nrrd", "mha"}))
      ->capture_default_str();
  command.add_flag("--no-progress", given.no_progress, "Show no progress bars.");
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
  if (!given.masks.empty()) make_mask_folder(given.masks);  // before the work, not after it
  locate_runtimes(given.engine_runtimes);
  std::map<std::string, std::string> known;
  if (!given.kernels.empty()) known["kernels"] = given.kernels;
  given.pipeline.engine_options = named_values("--engine-option", given.engine_options, known);
  given.reading.cancelled = interrupted;
  tune_process_allocator();  // this process does nothing else

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
                  "Folder of a DICOM series, or a file .mhd, .mha, .nii, .nii.gz or .nrrd.")
      ->required();
  command.add_option("--bundle", given->bundle,
                     "Folder that lungrt export wrote; the models that come along, trained on "
                     "phantoms alone, if not given.");
  add_engine_options(command, *given);
  add_profile_options(command, *given);
  add_limits(command, given->limits);
  add_file_options(command, *given);
  command.footer(
      "Example: lungrt-native diagnose path/to/dicom --bundle bundle --output report.json");
  return [given] { diagnose(*given); };
}

}  // namespace lungrt::cli
