/* A whole program in C99: opens a bundle, diagnoses a raw CT, prints nodules and the report.
 *
 * diagnose BUNDLE FILE SLICES ROWS COLUMNS SPACING_X Y Z ORIGIN_X Y Z
 */
#include <lungrt/c_api.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stages in the order in which they came. */
struct stages {
  char seen[256];
  char last[64];
};

static void note_stage(void* user, const char* stage, int64_t done, int64_t total) {
  struct stages* stages = user;
  (void)done;
  (void)total;
  if (strcmp(stages->last, stage) == 0) return;
  snprintf(stages->last, sizeof stages->last, "%s", stage);
  strncat(stages->seen, " ", sizeof stages->seen - strlen(stages->seen) - 1);
  strncat(stages->seen, stage, sizeof stages->seen - strlen(stages->seen) - 1);
}

static int32_t go_on(void* user) {
  (void)user;
  return 0;
}

static void require(lungrt_status status) {
  if (status == LUNGRT_OK) return;
  fprintf(stderr, "%s: %s\n", lungrt_status_name(status), lungrt_last_error());
  exit(1);
}

static void* read_file(const char* name, size_t size) {
  FILE* file = fopen(name, "rb");
  void* content = malloc(size);
  if (file == NULL || content == NULL || fread(content, 1, size, file) != size) {
    fprintf(stderr, "cannot read %s\n", name);
    exit(1);
  }
  fclose(file);
  return content;
}

int main(int argc, char** argv) {
  lungrt_volume_description description;
  lungrt_pipeline_options options;
  lungrt_run_options run_options;
  lungrt_report_summary summary;
  lungrt_pipeline* pipeline = NULL;
  lungrt_volume* volume = NULL;
  lungrt_report* report = NULL;
  lungrt_status refused;
  struct stages stages;
  char* json = NULL;
  void* voxels;
  size_t i;

  if (argc != 12) return 2;
  require(LUNGRT_CHECK_C_ABI());

  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.engine = "native";
  options.threads = 1;
  require(lungrt_pipeline_open(argv[1], &options, &pipeline));

  memset(&description, 0, sizeof description);
  description.struct_size = sizeof description;
  description.voxels_size = sizeof(int16_t);
  for (i = 0; i < 3; ++i) {
    description.shape[i] = (int64_t)atof(argv[3 + i]);
    description.voxels_size *= (size_t)description.shape[i];
    description.spacing_mm[i] = atof(argv[6 + i]);
    description.origin_mm[i] = atof(argv[9 + i]);
    description.direction[4 * i] = 1.0;
  }
  voxels = read_file(argv[2], description.voxels_size);
  description.voxels = voxels;
  description.voxel_type = LUNGRT_INT16;
  description.ownership = LUNGRT_BORROW;
  description.series_uid = "1.2";
  require(lungrt_volume_create(&description, &volume));

  memset(&stages, 0, sizeof stages);
  memset(&run_options, 0, sizeof run_options);
  run_options.struct_size = sizeof run_options;
  run_options.progress = note_stage;
  run_options.cancel = go_on;
  run_options.user = &stages;
  require(lungrt_pipeline_run(pipeline, volume, &run_options, &report));

  memset(&summary, 0, sizeof summary);
  summary.struct_size = sizeof summary;
  require(lungrt_report_summarise(report, &summary));
  for (i = 0; i < summary.nodule_count; ++i) {
    lungrt_finding nodule;
    nodule.struct_size = sizeof nodule;
    require(lungrt_report_nodule(report, i, &nodule));
    printf("%.17g %.17g %.17g %.17g %.17g %.17g\n", nodule.center_mm[0], nodule.center_mm[1],
           nodule.center_mm[2], nodule.p_nodule, nodule.p_malignant, nodule.diameter_mm);
  }
  printf("progress%s\n", stages.seen);

  {
    lungrt_report* none = NULL;
    refused = lungrt_pipeline_run(pipeline, NULL, NULL, &none);
  }
  printf("refused %s %s\n", lungrt_status_name(refused), lungrt_last_error());

  require(lungrt_report_json(report, 1, &json));
  printf("%s\n", json);

  lungrt_text_free(json);
  lungrt_report_free(report);
  lungrt_volume_free(volume);
  lungrt_pipeline_free(pipeline);
  free(voxels);
  return 0;
}
