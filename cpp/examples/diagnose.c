/* Diagnosis from C99: reads raw int16 Hounsfield units, shows progress and prints the nodules.
 *
 *     diagnose_c BUNDLE VOXELS.raw SLICES ROWS COLUMNS SPACING_X SPACING_Y SPACING_Z [ENGINE]
 */

#include <lungrt/c_api.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char* what, lungrt_status status) {
  if (status == LUNGRT_OK) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, lungrt_status_name(status), lungrt_last_error());
  return 1;
}

static void show_progress(void* user, const char* stage, int64_t done, int64_t total) {
  (void)user;
  fprintf(stderr, "\r%-10s %3d %%%s", stage, (int)(done * 100 / total), done == total ? "\n" : "");
}

/* Content of a file of exactly this size, or null. */
static void* read_file(const char* path, size_t size) {
  FILE* file = fopen(path, "rb");
  void* data = malloc(size);
  size_t got = file && data ? fread(data, 1, size, file) : 0;
  int more = file && got == size && fgetc(file) != EOF;
  if (file) fclose(file);
  if (got == size && !more) return data;
  fprintf(stderr, "%s does not hold exactly %zu bytes\n", path, size);
  free(data);
  return NULL;
}

static int print_nodules(const lungrt_report* report) {
  lungrt_report_summary summary = {.struct_size = sizeof summary};
  if (failed("report", lungrt_report_summarise(report, &summary))) return 1;
  printf("%zu candidates, %zu nodules\n", summary.candidate_count, summary.nodule_count);
  for (size_t i = 0; i < summary.nodule_count; ++i) {
    lungrt_finding nodule = {.struct_size = sizeof nodule};
    if (failed("nodule", lungrt_report_nodule(report, i, &nodule))) return 1;
    printf("(%.1f, %.1f, %.1f) mm  %.0f mm  p = %.3f\n", nodule.center_mm[0], nodule.center_mm[1],
           nodule.center_mm[2], nodule.diameter_mm, nodule.p_nodule);
  }
  return 0;
}

int main(int count, char** arguments) {
  if (count != 9 && count != 10)
    return fputs("the arguments are described at the top of diagnose.c\n", stderr), 2;
  if (failed("library", LUNGRT_CHECK_C_ABI())) return 1;

  lungrt_volume_description ct = {.struct_size = sizeof ct,
                                  .voxel_type = LUNGRT_INT16,
                                  .ownership = LUNGRT_BORROW,
                                  .direction = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
  ct.voxels_size = sizeof(int16_t);
  for (int i = 0; i < 3; ++i) {
    ct.shape[i] = atoll(arguments[3 + i]);
    ct.spacing_mm[i] = atof(arguments[6 + i]);
    if (ct.shape[i] < 1 || ct.shape[i] > 10000)
      return fputs("SLICES, ROWS and COLUMNS must be 1 to 10000\n", stderr), 2;
    ct.voxels_size *= (size_t)ct.shape[i];
  }
  void* voxels = read_file(arguments[2], ct.voxels_size);
  if (!voxels) return 1;
  ct.voxels = voxels;

  /* A single place for clean-up: freeing null does nothing. */
  lungrt_pipeline* pipeline = NULL;
  lungrt_volume* volume = NULL;
  lungrt_report* report = NULL;
  const lungrt_pipeline_options options = {.struct_size = sizeof options,
                                           .engine = count == 10 ? arguments[9] : NULL};
  const lungrt_run_options run = {.struct_size = sizeof run, .progress = show_progress};
  const int bad = failed("volume", lungrt_volume_create(&ct, &volume)) ||
                  failed("bundle", lungrt_pipeline_open(arguments[1], &options, &pipeline)) ||
                  failed("run", lungrt_pipeline_run(pipeline, volume, &run, &report)) ||
                  print_nodules(report);
  lungrt_report_free(report);
  lungrt_pipeline_free(pipeline);
  lungrt_volume_free(volume);
  free(voxels); /* borrowed by the volume until here */
  return bad;
}
