/// `lungrt-native diagnose`: reads a CT, prints its nodules and writes the report to a file.

#include <lungrt/io.h>
#include <lungrt/output_file.h>
#include <lungrt/pipeline.h>
#include <lungrt/process.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "commands.h"
#include "options.h"

namespace lungrt::cli {
namespace {

struct Arguments {
  std::string ct, bundle, output, masks, mask_format = "nii.gz";
  bool candidates = false;
  RunArguments run;
};

/// Folder of the default models, which are installed with the program.
std::string default_bundle() {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  const fs::path program = fs::read_symlink("/proc/self/exe", unreadable);
  const fs::path folder = (program.parent_path() / LUNGRT_DEFAULT_BUNDLE).lexically_normal();
  if (fs::is_regular_file(folder / "manifest.json", unreadable)) return folder.string();
  throw Error(ErrorCode::kIo, folder.string() +
                                  ": this installation does not include the default models; pass "
                                  "your own bundle with --bundle");
}

double seconds(const Report& report, const char* stage) {
  const auto found = report.timings_s.find(stage);
  return found == report.timings_s.end() ? 0.0 : found->second;
}

void print_report(const Report& report) {
  int number = 0;
  for (const Nodule& nodule : report.nodules) {
    std::printf("nodule %d: centre (%.1f, %.1f, %.1f) mm, voxel (%lld, %lld, %lld), ", ++number,
                nodule.center_mm[0], nodule.center_mm[1], nodule.center_mm[2],
                static_cast<long long>(nodule.index.slice),
                static_cast<long long>(nodule.index.row),
                static_cast<long long>(nodule.index.column));
    std::printf("diameter %.1f mm, volume %.0f mm³, p_nodule %.3f", nodule.diameter_mm,
                nodule.volume_mm3, nodule.p_nodule);
    if (nodule.p_malignant) std::printf(", p_malignant %.3f", *nodule.p_malignant);
    std::printf("\n");
  }
  const Provenance& provenance = report.provenance;
  std::printf(
      "%zu nodule%s of %zu candidates in %.1f s (find lungs %.1f, segment %.1f, group %.1f, "
      "classify %.1f)\n",
      report.nodules.size(), report.nodules.size() == 1 ? "" : "s", report.candidates.size(),
      seconds(report, "total"), seconds(report, "find_lungs"), seconds(report, "segment"),
      seconds(report, "group"), seconds(report, "classify"));
  std::printf(
      "profile %s, engine %s (%s), %s (%s), %s, %d threads\n", report.options.profile.c_str(),
      report.engine.c_str(), provenance.engine_version.c_str(), report.device.c_str(),
      provenance.device_name.c_str(), to_string(report.options.precision), provenance.threads);
  for (const std::string& note : provenance.notes) {
    std::printf("note: %s\n", printable(note).c_str());
  }
}

Report diagnosed(Arguments& given, RunOptions options) {
  const Pipeline pipeline(given.bundle.empty() ? default_bundle() : given.bundle,
                          given.run.pipeline);
  options.keep_masks = !given.masks.empty();
  return pipeline.run(read_ct(given.ct, given.run.reading), options);
}

void diagnose(Arguments& given) {
  const RunOptions options = given.run.run_options();
  std::string suffix;
  std::optional<OutputFile> output;
  if (!given.output.empty()) {
    suffix = output_suffix(given.output, {".json", ".csv"});
    output.emplace(given.output);
  }
  if (!given.masks.empty()) make_mask_folder(given.masks);  // fails before the run, not after it
  locate_runtimes(given.run.engine_runtimes);
  given.run.pipeline.engine_options = given.run.engine_settings();
  given.run.reading.cancelled = interrupted;
  tune_process_allocator();  // affects the whole process, which is ours alone

  const Report report = diagnosed(given, options);
  std::vector<std::string> files;
  if (output) {
    output->write(suffix == ".csv" ? to_csv(report, given.candidates)
                                   : to_json(report, given.candidates) + "\n");
    files.push_back(given.output);
  }
  if (!given.masks.empty()) {
    const std::vector<std::string> masks = write_masks(given.masks, report, given.mask_format);
    files.insert(files.end(), masks.begin(), masks.end());
  }
  if (output) output->commit();
  print_report(report);
  if (given.bundle.empty()) {
    std::puts(
        "note: these are the default models, which were trained on phantoms only; they are for "
        "demonstration, and their results for a patient are meaningless");
  }
  for (const std::string& file : files) {
    std::printf("written to %s\n", printable(file).c_str());
  }
  std::puts("lungrt is a research tool, not a medical device.");
}

}  // namespace

std::function<void()> add_diagnose(CLI::App& app) {
  const auto given = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("diagnose", "Find lung nodules in a CT.");
  command
      .add_option("CT", given->ct,
                  "CT to diagnose: a folder with the slices of a DICOM series, or an image file "
                  "(.mhd, .mha, .nii, .nii.gz, .hdr, .nrrd or .nhdr).")
      ->required();
  command.add_option("--bundle", given->bundle,
                     "Bundle with the networks: a folder written by lungrt export. By default the "
                     "models that come with lungrt, which are for demonstration only.");
  command.add_option("--output", given->output, "Write the report to FILE.json or FILE.csv.")
      ->type_name("FILE");
  command.add_flag("--candidates", given->candidates,
                   "Write every candidate to the report, not only the nodules.");
  command
      .add_option("--save-masks", given->masks,
                  "Write three images in the CT's geometry to this folder: the lung field, the "
                  "mask of all candidates, and a label map that numbers them.")
      ->type_name("FOLDER");
  command
      .add_option("--mask-format", given->mask_format, "File format of the images of --save-masks.")
      ->check(CLI::IsMember({"nii.gz", "nrrd", "mha"}))
      ->capture_default_str();
  add_run_options(command, given->run);
  command.footer(
      "Example: lungrt-native diagnose path/to/dicom --bundle bundle --output report.json");
  return [given] { diagnose(*given); };
}

}  // namespace lungrt::cli
