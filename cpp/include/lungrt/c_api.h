/// C interface: the whole diagnosis from C and from every language that can call C.
///
/// Compiles as C99 and as C++17 and includes nothing but standard C headers.
///
/// **Status.** Every function that can fail returns a `lungrt_status`; LUNGRT_OK is 0. After a
/// failure, lungrt_last_error() on the same thread says what was wrong, where, and what to do. No
/// exception crosses the interface. A null handle, a null output pointer or a number out of range
/// is reported as LUNGRT_INVALID_ARGUMENT and never crashes. A failed call leaves its outputs
/// unchanged, except that handles and texts are set to null.
///
/// **Ownership.** Handles (`lungrt_pipeline`, `lungrt_volume`, `lungrt_report`) and texts returned
/// through a `char**` belong to the caller, who frees each of them once with the function of that
/// name; freeing null does nothing. A `const char*` or array that a function returns belongs to the
/// handle it was read from and is valid as long as that handle. Whatever the caller passes in is
/// copied before the function returns, except borrowed voxels (LUNGRT_BORROW).
///
/// **Threads.** Every function may be called from any thread. Handles never change once they have
/// been created: any number of threads may use one at the same time, and many may run one pipeline.
/// A handle must not be freed while another thread still uses it. Each thread has its own error
/// text. Callbacks of a run are called on the thread that called lungrt_pipeline_run().
///
/// **Versions.** Every structure begins with `struct_size`, which the caller sets to the `sizeof`
/// that it was compiled with. Initialise all other members to zero: zero is the default of each. A
/// library accepts the structures of every older header with the same LUNGRT_C_ABI_VERSION; it
/// refuses a larger structure, which comes from a newer header, with LUNGRT_UNSUPPORTED_VERSION.
/// Check once, before anything else, with LUNGRT_CHECK_C_ABI().
///
/// Texts are zero-terminated. Texts from the library are UTF-8, except for file names that are not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lungrt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Version of this interface. It grows when something that existed changes or is removed, not when
/// something is added.
#define LUNGRT_C_ABI_VERSION 1

/// Result of a function: LUNGRT_OK, or why it failed. The numbers are part of the interface.
typedef int32_t lungrt_status;

enum {
  LUNGRT_OK = 0,
  LUNGRT_INVALID_ARGUMENT = 1,     ///< an argument or option is invalid
  LUNGRT_BAD_VOLUME = 2,           ///< the CT volume cannot be diagnosed as it is
  LUNGRT_BAD_BUNDLE = 3,           ///< the bundle is damaged, incomplete or inconsistent
  LUNGRT_CHECKPOINT_MISMATCH = 4,  ///< a checkpoint does not fit its architecture
  LUNGRT_UNSUPPORTED_VERSION = 5,  ///< unsupported version of a bundle, engine, struct or program
  LUNGRT_ENGINE_UNAVAILABLE = 6,   ///< an engine is not installed or cannot be loaded
  LUNGRT_DEVICE_UNAVAILABLE = 7,   ///< the requested device is not available
  LUNGRT_OUT_OF_MEMORY = 8,        ///< host or device memory ran out
  LUNGRT_RESOURCE_LIMIT = 9,       ///< a limit of the run options was reached
  LUNGRT_CANCELLED = 10,           ///< a callback ended the run
  LUNGRT_INFERENCE = 11,           ///< an engine failed while running a network
  LUNGRT_IO = 12,                  ///< a file cannot be read or written
  LUNGRT_INTERNAL = 100            ///< a bug in lungrt
};

/// A loaded bundle on an engine and a device.
typedef struct lungrt_pipeline lungrt_pipeline;
/// A CT volume.
typedef struct lungrt_volume lungrt_volume;
/// Result of a run.
typedef struct lungrt_report lungrt_report;

/* --- Version and errors ------------------------------------------------------------------- */

/// Version of the interface that the library was built with, to compare with
/// LUNGRT_C_ABI_VERSION.
LUNGRT_API uint32_t lungrt_c_abi_version(void);

/// Checks whether a program that was compiled for a version of the interface can use this library.
/// \param version  LUNGRT_C_ABI_VERSION of the program
/// \return LUNGRT_OK or LUNGRT_UNSUPPORTED_VERSION
LUNGRT_API lungrt_status lungrt_check_c_abi(uint32_t version);

/// Calls lungrt_check_c_abi() with the version of the header it is compiled with.
#define LUNGRT_CHECK_C_ABI() lungrt_check_c_abi(LUNGRT_C_ABI_VERSION)

/// Version of the library, such as "0.1.0". Static; never null.
LUNGRT_API const char* lungrt_version(void);

/// Name of a status, such as "BadVolume"; "Ok" for LUNGRT_OK and "Unknown" for a number that is not
/// a status. Static; never null.
LUNGRT_API const char* lungrt_status_name(lungrt_status status);

/// Message of the last call on this thread that failed; empty if none has. Never null. Belongs to
/// the library and is valid until the next failing call on the same thread, or the end of the
/// thread. Successful calls leave it unchanged.
LUNGRT_API const char* lungrt_last_error(void);

/// Frees a text that a function returned through a `char**`. Free it once; null does nothing.
LUNGRT_API void lungrt_text_free(char* text);

/* --- Log ---------------------------------------------------------------------------------- */

enum {
  LUNGRT_LOG_DEBUG = 0,   ///< figures of single steps
  LUNGRT_LOG_INFO = 1,    ///< what was chosen and why; begin and end of stages
  LUNGRT_LOG_WARNING = 2  ///< the run continues, but not as it should
};

/// Receives one message: a line of English without its line break, valid during the call. It is
/// called on the thread that logs the message, which may belong to the library, and possibly on
/// several threads at once. Messages contain no patient data.
typedef void (*lungrt_log_callback)(void* user, int32_t level, const char* message);

/// Sets the log callback of the whole process; the library is silent until one is set. Once this
/// returns, the callback that was set before (from any language) is no longer running and is never
/// called again, so its `user` data may be released.
/// \param callback  null to silence the library
/// \param user      passed to the callback; belongs to the caller, as long as the callback is set
/// \param lowest    LUNGRT_LOG_...: messages below this level are not produced
/// \return LUNGRT_OK, or LUNGRT_INVALID_ARGUMENT for an unknown level or when called from within a
///         log callback
LUNGRT_API lungrt_status lungrt_set_log(lungrt_log_callback callback, void* user, int32_t lowest);

/* --- Engines ------------------------------------------------------------------------------ */

/// Lists every engine that this build knows, as a JSON array of objects: name, artifact_format,
/// available, version, library, reason (why it is not available), devices, precisions (by device).
/// Loads the engines to find out.
/// \param text  receives a text to free with lungrt_text_free()
LUNGRT_API lungrt_status lungrt_engines_json(char** text);

/// Sets the folder that holds the libraries of an engine's runtime (libtorch_cpu.so,
/// libonnxruntime.so), for a runtime that the engine does not find by itself. Has no effect on an
/// engine that is already loaded.
/// \param engine  torchscript, onnxruntime, ...
LUNGRT_API lungrt_status lungrt_set_engine_runtime_folder(const char* engine, const char* folder);

/* --- Volume ------------------------------------------------------------------------------- */

/// Type of the voxels that a volume is created from.
enum {
  LUNGRT_INT16 = 0,  ///< the type that the library uses, and the only one that can be borrowed
  LUNGRT_INT8 = 1,
  LUNGRT_UINT8 = 2,
  LUNGRT_UINT16 = 3,
  LUNGRT_INT32 = 4,
  LUNGRT_UINT32 = 5,
  LUNGRT_INT64 = 6,
  LUNGRT_FLOAT32 = 7,  ///< finite, within int16; rounded half to even, which the report notes
  LUNGRT_FLOAT64 = 8   ///< finite, within int16; rounded half to even, which the report notes
};

/// Who owns the voxels.
enum {
  LUNGRT_COPY = 0,   ///< copied: the caller may free its voxels after lungrt_volume_create()
  LUNGRT_BORROW = 1  ///< not copied: the voxels must stay unchanged until lungrt_volume_free()
};

/// Description of a volume to create.
typedef struct lungrt_volume_description {
  size_t struct_size;    ///< sizeof(lungrt_volume_description)
  const void* voxels;    ///< Hounsfield units, contiguous; column fastest, then row, then slice
  size_t voxels_size;    ///< size of `voxels` in bytes; must match the shape exactly
  int32_t voxel_type;    ///< LUNGRT_INT16, ...
  int32_t ownership;     ///< LUNGRT_COPY or LUNGRT_BORROW
  int64_t shape[3];      ///< slices, rows, columns
  double spacing_mm[3];  ///< between voxel centres along columns, rows, slices: x, y, z order
  double origin_mm[3];   ///< world position (x, y, z; LPS) of voxel (0, 0, 0)
  /// Rows of a 3 x 3 matrix, orthonormal to within 1e-3; column j is the world direction of image
  /// axis j (columns, rows, slices). The identity is {1, 0, 0, 0, 1, 0, 0, 0, 1}.
  double direction[9];
  const char* series_uid;  ///< DICOM series instance UID, for the report; null for none
} lungrt_volume_description;

/// Creates a volume.
/// \param volume  receives a handle to free with lungrt_volume_free()
/// \return LUNGRT_OK;
///         LUNGRT_INVALID_ARGUMENT for a null pointer, a size that does not match the shape, an
///         unknown voxel type or one that cannot be borrowed, or misaligned voxels;
///         LUNGRT_BAD_VOLUME for an axis that is empty or too long, an invalid geometry, or a voxel
///         that is not finite or beyond int16;
///         LUNGRT_OUT_OF_MEMORY
LUNGRT_API lungrt_status lungrt_volume_create(const lungrt_volume_description* description,
                                              lungrt_volume** volume);

/// Frees a volume. Free it once, when no run uses it any more; null does nothing. Reports of runs
/// on it stay valid.
LUNGRT_API void lungrt_volume_free(lungrt_volume* volume);

/* --- Pipeline ----------------------------------------------------------------------------- */

/// A setting of an engine.
typedef struct lungrt_engine_option {
  const char* name;
  const char* value;
} lungrt_engine_option;

/// Whether nearby marks of one lesion become one nodule.
enum {
  LUNGRT_MERGE_BY_PROFILE = 0,  ///< as the profile says
  LUNGRT_MERGE_NEVER = 1,
  LUNGRT_MERGE_ALWAYS = 2
};

/// Options of a pipeline. Null texts and zeros stand for the defaults.
typedef struct lungrt_pipeline_options {
  size_t struct_size;     ///< sizeof(lungrt_pipeline_options)
  const char* engine;     ///< native, torchscript, onnxruntime, aotinductor; null: auto
  const char* device;     ///< cpu, cuda, cuda:N, auto; null: cpu
  const char* precision;  ///< fp32, tf32, bf16, fp16, int8; null: fp32
  const char* profile;    ///< book or lung; null: lung
  const char* geometry;   ///< book or exact; null: the profile's
  const char* region;     ///< volume or lung; null: the profile's
  int32_t merge_marks;    ///< LUNGRT_MERGE_...
  int32_t threads;        ///< number of CPU threads; 0: every processor this process may use
  int32_t skip_hashes;    ///< 1: do not check artifacts against their SHA-256; 0: check them
  const lungrt_engine_option* engine_options;  ///< settings of the engine; null for none
  size_t engine_option_count;                  ///< number of engine_options, at most 256
  const char* voxel_order;  ///< patient or stored: order of axes that the networks see; results are
                            ///< in the stored order; null: the profile's
} lungrt_pipeline_options;

/// Opens a bundle. Takes as long as reading the weights does.
/// \param bundle    folder that `lungrt export` wrote
/// \param options   null for the defaults
/// \param pipeline  receives a handle to free with lungrt_pipeline_free()
/// \return LUNGRT_OK, LUNGRT_INVALID_ARGUMENT, LUNGRT_BAD_BUNDLE, LUNGRT_UNSUPPORTED_VERSION,
///         LUNGRT_ENGINE_UNAVAILABLE, LUNGRT_DEVICE_UNAVAILABLE, LUNGRT_IO, LUNGRT_OUT_OF_MEMORY
LUNGRT_API lungrt_status lungrt_pipeline_open(const char* bundle,
                                              const lungrt_pipeline_options* options,
                                              lungrt_pipeline** pipeline);

/// Frees a pipeline. Free it once, when no run uses it any more; null does nothing. Its reports
/// stay valid.
LUNGRT_API void lungrt_pipeline_free(lungrt_pipeline* pipeline);

/// Settings that a pipeline uses.
typedef struct lungrt_pipeline_info {
  size_t struct_size;     ///< sizeof(lungrt_pipeline_info)
  const char* engine;     ///< name of the engine that was chosen
  const char* device;     ///< cpu or cuda:N
  const char* profile;    ///< book or lung
  const char* precision;  ///< fp32, ...
  int32_t threads;        ///< number of CPU threads
} lungrt_pipeline_info;

/// Describes which settings a pipeline uses.
/// \param info  receives them; its texts belong to the pipeline
LUNGRT_API lungrt_status lungrt_pipeline_describe(const lungrt_pipeline* pipeline,
                                                  lungrt_pipeline_info* info);

/* --- Run ---------------------------------------------------------------------------------- */

/// Reports progress between batches: `done` of `total` units of a stage ("find lungs", "segment",
/// "classify", "malignancy") are finished. `total` is at least 1: a stage with nothing to do is not
/// reported. `stage` is valid during the call.
typedef void (*lungrt_progress_callback)(void* user, const char* stage, int64_t done,
                                         int64_t total);

/// Called between batches and steps: 0 continues the run, anything else ends it with
/// LUNGRT_CANCELLED.
typedef int32_t (*lungrt_cancel_callback)(void* user);

/// Callbacks, limits and outputs of one run. Runs of one pipeline may use different options at the
/// same time.
///
/// Callbacks are called on the thread that called lungrt_pipeline_run(), never two at once. They
/// may call any function of this interface but must not free anything that the run uses, and must
/// return: longjmp() and pthread_exit() out of them are not allowed. A C++ exception that leaves a
/// callback ends the run with LUNGRT_CANCELLED and its text in lungrt_last_error().
typedef struct lungrt_run_options {
  size_t struct_size;                 ///< sizeof(lungrt_run_options)
  lungrt_progress_callback progress;  ///< null for none
  lungrt_cancel_callback cancel;      ///< null for none
  void* user;                         ///< passed to both callbacks
  int64_t max_candidates;             ///< most candidates to classify; 0: no limit
  double max_seconds;                 ///< checked between batches and steps; 0: no limit
  int64_t max_memory_bytes;           ///< see RunOptions in lungrt/pipeline.h; 0: no limit
  int32_t keep_masks;                 ///< 1: for lungrt_report_mask() and lungrt_report_labels()
  int32_t allow_non_hu;               ///< 1: go on, with a note, if voxels are no Hounsfield units
} lungrt_run_options;

/// Diagnoses a volume: segmentation, grouping, nodule classification and, if the bundle has that
/// stage, malignancy classification. Any number of threads may run one pipeline on one volume at
/// the same time. When this returns, nothing of the run is still running, even after a failure.
/// \param options  null for the defaults
/// \param report   receives a handle to free with lungrt_report_free()
/// \return LUNGRT_OK, LUNGRT_INVALID_ARGUMENT, LUNGRT_BAD_VOLUME, LUNGRT_BAD_BUNDLE (a stage is
///         missing), LUNGRT_CANCELLED, LUNGRT_RESOURCE_LIMIT, LUNGRT_OUT_OF_MEMORY,
///         LUNGRT_INFERENCE
LUNGRT_API lungrt_status lungrt_pipeline_run(const lungrt_pipeline* pipeline,
                                             const lungrt_volume* volume,
                                             const lungrt_run_options* options,
                                             lungrt_report** report);

/// Frees a report and the texts and arrays that belong to it. Free it once; null does nothing.
LUNGRT_API void lungrt_report_free(lungrt_report* report);

/* --- Report ------------------------------------------------------------------------------- */

/// A candidate or nodule with the probabilities that the classifiers give it.
typedef struct lungrt_finding {
  size_t struct_size;   ///< sizeof(lungrt_finding), set by the caller
  double center_mm[3];  ///< world position (x, y, z; LPS) of `index`
  int64_t index[3];     ///< rounded centre: slice, row, column
  int64_t first[3];     ///< first voxel (slice, row, column) of the estimated lesion's box
  int64_t last[3];      ///< last voxel (slice, row, column) of that box, included
  double extent_mm[3];  ///< size of the box along the image's columns, rows and slices
  double volume_mm3;    ///< estimated volume of the lesion
  double diameter_mm;   ///< diameter of the sphere of that volume
  double p_nodule;      ///< probability that it is a nodule
  double p_malignant;   ///< probability of malignancy, given that it is a nodule; NaN if unknown
  int32_t has_p_malignant;  ///< 0 if malignancy was not classified, or it is not a nodule
  size_t mark_count;        ///< number of a nodule's marks (lungrt_report_marks()); 0: a candidate
} lungrt_finding;

/// Counts and sizes of a report.
typedef struct lungrt_report_summary {
  size_t struct_size;      ///< sizeof(lungrt_report_summary), set by the caller
  size_t nodule_count;     ///< number of nodules: p_nodule above the threshold
  size_t candidate_count;  ///< number of candidates that the segmentation proposed
  size_t note_count;       ///< number of notes, see lungrt_report_note()
  int64_t shape[3];        ///< shape of the volume: slices, rows, columns
  int64_t mask_voxels;     ///< voxels of the mask after erosion, where it was computed
  int32_t has_lung_field;  ///< 1 if the region was the lung field
  int32_t has_masks;       ///< 1 if the run kept its masks
  double air_ml;           ///< volume of aerated lung; 0 without a lung field
  double field_ml;         ///< volume of the lung field; 0 without a lung field
} lungrt_report_summary;

/// Versions, settings and hashes that the numbers of a report come from. Texts belong to the
/// report.
typedef struct lungrt_provenance {
  size_t struct_size;             ///< sizeof(lungrt_provenance), set by the caller
  const char* lungrt_version;     ///< version of the library
  const char* bundle_sha256;      ///< SHA-256 of manifest.json, which lists that of every artifact
  const char* series_uid;         ///< series UID of the volume; may be empty
  const char* profile;            ///< book or lung
  const char* geometry;           ///< book or exact
  const char* region;             ///< volume or lung
  const char* precision;          ///< fp32, ...
  const char* engine;             ///< engine that ran the networks
  const char* engine_version;     ///< version of the engine's runtime
  const char* device;             ///< cpu or cuda:N
  const char* device_name;        ///< name of the device, as the engine reports it
  int32_t threads;                ///< number of CPU threads
  int32_t merge_marks;            ///< 1: nearby marks of one lesion became one nodule
  double segmentation_threshold;  ///< in the mask where probability > threshold
  double nodule_threshold;        ///< a nodule where p_nodule > threshold
  double malignancy_threshold;    ///< called malignant where p_malignant > threshold
  const char* voxel_order;        ///< patient or stored
} lungrt_provenance;

/// Masks that a run can keep.
enum {
  LUNGRT_MASK_LUNG_FIELD = 0,  ///< the lung field; the whole volume if that was the region
  LUNGRT_MASK_ABOVE = 1,       ///< above the segmentation's threshold, where it was computed
  LUNGRT_MASK_NODULES = 2      ///< the components of all candidates, after erosion
};

/// Reads counts and sizes of a report.
LUNGRT_API lungrt_status lungrt_report_summarise(const lungrt_report* report,
                                                 lungrt_report_summary* summary);

/// Reads a nodule; number 0 is the most likely one.
/// \param number  from 0, below nodule_count
LUNGRT_API lungrt_status lungrt_report_nodule(const lungrt_report* report, size_t number,
                                              lungrt_finding* nodule);

/// Reads a candidate. Candidates are in the pipeline's order: by unrounded world centre (x, y, z).
/// \param number  from 0, below candidate_count
LUNGRT_API lungrt_status lungrt_report_candidate(const lungrt_report* report, size_t number,
                                                 lungrt_finding* candidate);

/// Reads which candidates a nodule consists of.
/// \param number  number of the nodule, below nodule_count
/// \param marks   receives the numbers of the candidates; the array belongs to the report
/// \param count   receives the length of the array
LUNGRT_API lungrt_status lungrt_report_marks(const lungrt_report* report, size_t number,
                                             const int64_t** marks, size_t* count);

/// Reads which versions, settings and hashes a report's numbers come from.
/// \param provenance  receives them; its texts belong to the report
LUNGRT_API lungrt_status lungrt_report_provenance(const lungrt_report* report,
                                                  lungrt_provenance* provenance);

/// Reads the SHA-256 of a checkpoint that the bundle was exported from.
/// \param stage   segmentation, nodule or malignancy
/// \param member  number of the network in its ensemble, from 0
/// \param sha256  receives hexadecimal digits that belong to the report
/// \return LUNGRT_INVALID_ARGUMENT if there is no such stage or member
LUNGRT_API lungrt_status lungrt_report_checkpoint_sha256(const lungrt_report* report,
                                                         const char* stage, size_t member,
                                                         const char** sha256);

/// Reads a note: voxels that were rounded, resampled or brought into another order, a lung field
/// that was widened, work that the device was not used for.
/// \param number  from 0, below note_count
/// \param note    receives a text that belongs to the report
LUNGRT_API lungrt_status lungrt_report_note(const lungrt_report* report, size_t number,
                                            const char** note);

/// Reads the time that a part of the run took.
/// \param part     segment, group, classify, total; find_lungs if the region is the lung field;
///                 reorder if voxels were brought into another order; transfer if the scan was
///                 copied to a device
/// \param seconds  receives the time in seconds
/// \return LUNGRT_INVALID_ARGUMENT if the run had no such part
LUNGRT_API lungrt_status lungrt_report_seconds(const lungrt_report* report, const char* part,
                                               double* seconds);

/// Writes the report as JSON, the same text that `lungrt diagnose --output` writes.
/// \param with_candidates  1: with every candidate; 0: nodules only
/// \param text             receives a text to free with lungrt_text_free()
LUNGRT_API lungrt_status lungrt_report_json(const lungrt_report* report, int32_t with_candidates,
                                            char** text);

/// Copies a mask: one byte per voxel, 0 or 1; column fastest, then row, then slice.
/// \param which   LUNGRT_MASK_...
/// \param voxels  buffer of the caller that receives the mask
/// \param size    size of `voxels` in bytes: exactly slices x rows x columns
/// \return LUNGRT_INVALID_ARGUMENT if the run kept no masks, or for another size
LUNGRT_API lungrt_status lungrt_report_mask(const lungrt_report* report, int32_t which,
                                            uint8_t* voxels, size_t size);

/// Copies the labels: k + 1 in the voxels of candidate k, 0 elsewhere; in the order of
/// lungrt_report_mask().
/// \param labels  buffer of the caller that receives the labels
/// \param count   number of labels (not bytes) that fit: exactly slices x rows x columns
/// \return LUNGRT_INVALID_ARGUMENT if the run kept no masks, or for another count
LUNGRT_API lungrt_status lungrt_report_labels(const lungrt_report* report, int32_t* labels,
                                              size_t count);

#ifdef __cplusplus
}
#endif
