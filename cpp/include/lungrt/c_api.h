/// The C interface: the whole diagnosis for C and for every language that calls C.
///
/// Compiles as C99 and as C++17, alone, with standard C headers only.
///
/// **Status.** Every function that can fail returns a `lungrt_status`; LUNGRT_OK is 0. What went
/// wrong, where, and what to do is told by lungrt_last_error() on the same thread. No exception
/// crosses the interface. A null handle, a null place for a result, or a number that makes no sense
/// is LUNGRT_INVALID_ARGUMENT, never a crash. After a failure the place for a result is untouched,
/// but for those of handles and texts, which are then null.
///
/// **Ownership.** Handles (`lungrt_pipeline`, `lungrt_volume`, `lungrt_report`) and texts given in
/// a `char**` belong to the caller, who frees them with the function of that name, once; freeing
/// null does nothing. A `const char*` or array that a function gives belongs to the handle that it
/// was asked of and lives as long. What the caller gives in is copied before the function returns,
/// but for borrowed voxels (LUNGRT_BORROW).
///
/// **Threads.** Handles are immutable once they exist: any number of threads may use one at once,
/// and many may run one pipeline. A handle must not be freed while another thread still uses it.
/// Texts of errors are each thread's own. Callbacks of a run are called on the thread that called
/// lungrt_pipeline_run().
///
/// **Versions.** Structures begin with `struct_size`, which the caller sets to `sizeof` of the
/// structure it was compiled with, all else zero: zero is the default of every member. A library
/// takes the structures of every older header with the same LUNGRT_C_ABI_VERSION; a larger one, of
/// a header newer than itself, it refuses as LUNGRT_UNSUPPORTED_VERSION. Check once, before
/// anything else, with LUNGRT_CHECK_C_ABI().
///
/// Texts are zero-terminated; those that the library gives are UTF-8, but for names of files that
/// are not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lungrt/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Version of this interface: grows when something that existed changes or goes, not when something
/// is added.
#define LUNGRT_C_ABI_VERSION 1

/// What a function has to say: LUNGRT_OK, or why it failed. The numbers are part of the interface.
typedef int32_t lungrt_status;

enum {
  LUNGRT_OK = 0,
  LUNGRT_INVALID_ARGUMENT = 1,     ///< an argument or option
  LUNGRT_BAD_VOLUME = 2,           ///< a CT volume that cannot be diagnosed as it is
  LUNGRT_BAD_BUNDLE = 3,           ///< a bundle that is damaged, incomplete or contradicts itself
  LUNGRT_CHECKPOINT_MISMATCH = 4,  ///< a checkpoint that does not fit its architecture
  LUNGRT_UNSUPPORTED_VERSION = 5,  ///< a bundle, engine, structure or program of another version
  LUNGRT_ENGINE_UNAVAILABLE = 6,   ///< an engine that is not installed or cannot be loaded
  LUNGRT_DEVICE_UNAVAILABLE = 7,   ///< a device that was asked for and is not there
  LUNGRT_OUT_OF_MEMORY = 8,        ///< host or device memory ran out
  LUNGRT_RESOURCE_LIMIT = 9,       ///< a limit of the run options was reached
  LUNGRT_CANCELLED = 10,           ///< a callback ended the run
  LUNGRT_INFERENCE = 11,           ///< an engine failed while it ran a network
  LUNGRT_IO = 12,                  ///< a file that cannot be read or written
  LUNGRT_INTERNAL = 100            ///< a defect of lungrt
};

/// A loaded bundle on an engine and a device.
typedef struct lungrt_pipeline lungrt_pipeline;
/// A CT volume.
typedef struct lungrt_volume lungrt_volume;
/// What a run found.
typedef struct lungrt_report lungrt_report;

/* --- Version and errors ------------------------------------------------------------------- */

/// Version of the interface that the library was built with, to compare with
/// LUNGRT_C_ABI_VERSION. Any thread.
LUNGRT_API uint32_t lungrt_c_abi_version(void);

/// Whether a program that was compiled for a version of the interface can use this library.
/// Any thread.
/// \param version  LUNGRT_C_ABI_VERSION of the program
/// \return LUNGRT_OK or LUNGRT_UNSUPPORTED_VERSION
LUNGRT_API lungrt_status lungrt_check_c_abi(uint32_t version);

/// lungrt_check_c_abi() for the header that this is compiled with.
#define LUNGRT_CHECK_C_ABI() lungrt_check_c_abi(LUNGRT_C_ABI_VERSION)

/// Version of the library, such as "0.1.0". Static; never null. Any thread.
LUNGRT_API const char* lungrt_version(void);

/// Name of a status, such as "BadVolume"; "Ok" for LUNGRT_OK and "Unknown" for a number that is
/// none. Static; never null. Any thread.
LUNGRT_API const char* lungrt_status_name(lungrt_status status);

/// What was wrong in the last call on this thread that failed; empty where none has. Never null.
/// Belongs to the library, and lives until the next call that fails on the same thread, or the
/// thread's end. Calls that succeed leave it as it is.
LUNGRT_API const char* lungrt_last_error(void);

/// Frees a text that a function gave in a `char**`. Any thread, once; null does nothing.
LUNGRT_API void lungrt_text_free(char* text);

/* --- Log ---------------------------------------------------------------------------------- */

enum {
  LUNGRT_LOG_DEBUG = 0,   ///< figures of single steps
  LUNGRT_LOG_INFO = 1,    ///< what was chosen and why, begin and end of stages
  LUNGRT_LOG_WARNING = 2  ///< something went on in another way than it should
};

/// Takes one message: a line of English without its line break, valid during the call. It is called
/// on the thread that has something to tell, which may be one of the library's own, and by several
/// at once. Messages hold nothing of a patient.
typedef void (*lungrt_log_callback)(void* user, int32_t level, const char* message);

/// Where messages of the whole process go from now on; the library is silent until then. Any
/// thread. Once this returns, the callback that was set before (in any language) is not running any
/// more and is never called again, so that what its `user` points to may go.
/// \param callback  null for silence
/// \param user      handed to it; belongs to the caller, as long as the callback is set
/// \param lowest    LUNGRT_LOG_...: messages below are not made
/// \return LUNGRT_OK, or LUNGRT_INVALID_ARGUMENT for a level that does not exist or where it is
///         called from within a log callback
LUNGRT_API lungrt_status lungrt_set_log(lungrt_log_callback callback, void* user, int32_t lowest);

/* --- Engines ------------------------------------------------------------------------------ */

/// Every engine that this build knows, as a JSON array of objects: name, artifact_format,
/// available, version, library, reason (why not available), devices, precisions (by device).
/// Engines are loaded to find out. Any thread.
/// \param text  receives a text to free with lungrt_text_free()
LUNGRT_API lungrt_status lungrt_engines_json(char** text);

/// Folder that holds the libraries of an engine's runtime (libtorch_cpu.so, libonnxruntime.so), for
/// one that is not found where the engine itself looks. Takes effect for an engine that was not
/// loaded yet. Any thread.
/// \param engine  torchscript, onnxruntime, ...
LUNGRT_API lungrt_status lungrt_set_engine_runtime_folder(const char* engine, const char* folder);

/* --- Volume ------------------------------------------------------------------------------- */

/// Type of the voxels that a volume is made of.
enum {
  LUNGRT_INT16 = 0,  ///< the library's own: the only one that can be borrowed
  LUNGRT_INT8 = 1,
  LUNGRT_UINT8 = 2,
  LUNGRT_UINT16 = 3,
  LUNGRT_INT32 = 4,
  LUNGRT_UINT32 = 5,
  LUNGRT_INT64 = 6,
  LUNGRT_FLOAT32 = 7,  ///< finite values within int16; rounded half to even, which the report notes
  LUNGRT_FLOAT64 = 8   ///< likewise
};

/// Whose the voxels are.
enum {
  LUNGRT_COPY = 0,   ///< copied: the caller's may go once lungrt_volume_create() has returned
  LUNGRT_BORROW = 1  ///< not copied: the caller's stay as they are until lungrt_volume_free()
};

/// What a volume is made from.
typedef struct lungrt_volume_description {
  size_t struct_size;    ///< sizeof(lungrt_volume_description)
  const void* voxels;    ///< Hounsfield units, contiguous; column fastest, then row, then slice
  size_t voxels_size;    ///< bytes that `voxels` points to: exactly those of the shape
  int32_t voxel_type;    ///< LUNGRT_INT16, ...
  int32_t ownership;     ///< LUNGRT_COPY or LUNGRT_BORROW
  int64_t shape[3];      ///< slices, rows, columns
  double spacing_mm[3];  ///< between voxel centres along columns, rows, slices: x, y, z order
  double origin_mm[3];   ///< world position (x, y, z; LPS) of voxel (0, 0, 0)
  /// Rows of a 3 x 3 matrix, orthonormal to within 1e-3; column j is the world direction of image
  /// axis j (columns, rows, slices). The identity is {1, 0, 0, 0, 1, 0, 0, 0, 1}.
  double direction[9];
  const char* series_uid;  ///< of DICOM, for the report; null for none
} lungrt_volume_description;

/// Makes a volume. Any thread.
/// \param volume  receives a handle to free with lungrt_volume_free()
/// \return LUNGRT_OK; LUNGRT_INVALID_ARGUMENT (null, a size that does not fit the shape, a type
/// that
///         does not exist or cannot be borrowed, voxels that are not aligned for their type);
///         LUNGRT_BAD_VOLUME (an empty or too long axis, geometry that is none, a voxel that is not
///         finite or beyond int16); LUNGRT_OUT_OF_MEMORY
LUNGRT_API lungrt_status lungrt_volume_create(const lungrt_volume_description* description,
                                              lungrt_volume** volume);

/// Frees a volume. Any thread, once; null does nothing. No run may still be using it. Reports that
/// were made from it stay.
LUNGRT_API void lungrt_volume_free(lungrt_volume* volume);

/* --- Pipeline ----------------------------------------------------------------------------- */

/// A setting of an engine.
typedef struct lungrt_engine_option {
  const char* name;
  const char* value;
} lungrt_engine_option;

enum {
  LUNGRT_MERGE_BY_PROFILE = 0,  ///< marks of one lesion become one nodule where the profile says so
  LUNGRT_MERGE_NEVER = 1,
  LUNGRT_MERGE_ALWAYS = 2
};

/// How a pipeline is built. Null texts and zeros are the defaults.
typedef struct lungrt_pipeline_options {
  size_t struct_size;     ///< sizeof(lungrt_pipeline_options)
  const char* engine;     ///< native, torchscript, onnxruntime, aotinductor; null: auto
  const char* device;     ///< cpu, cuda, cuda:N, auto; null: cpu
  const char* precision;  ///< fp32, tf32, bf16, fp16, int8; null: fp32
  const char* profile;    ///< book or lung; null: book
  const char* geometry;   ///< book or exact; null: the profile's
  const char* region;     ///< volume or lung; null: the profile's
  int32_t merge_marks;    ///< LUNGRT_MERGE_...
  int32_t threads;        ///< 0: every processor this process may use
  int32_t skip_hashes;    ///< 1: artifacts are not checked against their SHA-256; 0: they are
  const lungrt_engine_option* engine_options;  ///< null where there are none
  size_t engine_option_count;                  ///< at most 256
} lungrt_pipeline_options;

/// Opens a bundle. Any thread; takes as long as reading the weights does.
/// \param bundle    folder that `lungrt export` wrote
/// \param options   null for the defaults
/// \param pipeline  receives a handle to free with lungrt_pipeline_free()
/// \return LUNGRT_OK, LUNGRT_INVALID_ARGUMENT, LUNGRT_BAD_BUNDLE, LUNGRT_UNSUPPORTED_VERSION,
///         LUNGRT_ENGINE_UNAVAILABLE, LUNGRT_DEVICE_UNAVAILABLE, LUNGRT_IO, LUNGRT_OUT_OF_MEMORY
LUNGRT_API lungrt_status lungrt_pipeline_open(const char* bundle,
                                              const lungrt_pipeline_options* options,
                                              lungrt_pipeline** pipeline);

/// Frees a pipeline. Any thread, once; null does nothing. No run may still be using it. Reports
/// stay.
LUNGRT_API void lungrt_pipeline_free(lungrt_pipeline* pipeline);

/// What a pipeline uses.
typedef struct lungrt_pipeline_info {
  size_t struct_size;     ///< sizeof(lungrt_pipeline_info)
  const char* engine;     ///< that was chosen
  const char* device;     ///< cpu or cuda:N
  const char* profile;    ///< book or lung
  const char* precision;  ///< fp32, ...
  int32_t threads;
} lungrt_pipeline_info;

/// Tells what a pipeline uses. Any thread.
/// \param info  receives it; its texts belong to the pipeline
LUNGRT_API lungrt_status lungrt_pipeline_describe(const lungrt_pipeline* pipeline,
                                                  lungrt_pipeline_info* info);

/* --- Run ---------------------------------------------------------------------------------- */

/// Told between batches how much of how much is done of a stage ("find lungs", "segment",
/// "classify", "malignancy"). `stage` is valid during the call.
typedef void (*lungrt_progress_callback)(void* user, const char* stage, int64_t done,
                                         int64_t total);

/// Asked between batches and steps: 0 goes on, anything else ends the run as LUNGRT_CANCELLED.
typedef int32_t (*lungrt_cancel_callback)(void* user);

/// What one run may do. The same pipeline takes different ones at once.
///
/// Callbacks are called on the thread that called lungrt_pipeline_run(), never two at once. They
/// may call any function of this interface but must not free what the run uses, and must return:
/// longjmp() and pthread_exit() out of them are not allowed. A C++ exception that leaves one ends
/// the run as LUNGRT_CANCELLED, with the exception's text in lungrt_last_error().
typedef struct lungrt_run_options {
  size_t struct_size;                 ///< sizeof(lungrt_run_options)
  lungrt_progress_callback progress;  ///< null for none
  lungrt_cancel_callback cancel;      ///< null for none
  void* user;                         ///< handed to both
  int64_t max_candidates;             ///< to classify; 0: no limit
  double max_seconds;                 ///< checked between batches and steps; 0: no limit
  int64_t max_memory_bytes;           ///< see RunOptions in lungrt/pipeline.h; 0: no limit
  int32_t keep_masks;                 ///< 1: for lungrt_report_mask() and lungrt_report_labels()
} lungrt_run_options;

/// Diagnoses a volume: segmentation, grouping, nodule and, where the bundle has it, malignancy
/// classification. Any thread, and any number of threads with one pipeline and one volume at once.
/// Returns once the work is done or given up; then nothing of the run is left running.
/// \param options  null for the defaults
/// \param report   receives a handle to free with lungrt_report_free()
/// \return LUNGRT_OK, LUNGRT_INVALID_ARGUMENT, LUNGRT_BAD_VOLUME, LUNGRT_BAD_BUNDLE (a stage is
///         missing), LUNGRT_CANCELLED, LUNGRT_RESOURCE_LIMIT, LUNGRT_OUT_OF_MEMORY,
///         LUNGRT_INFERENCE
LUNGRT_API lungrt_status lungrt_pipeline_run(const lungrt_pipeline* pipeline,
                                             const lungrt_volume* volume,
                                             const lungrt_run_options* options,
                                             lungrt_report** report);

/// Frees a report, with all texts and arrays that it gave. Any thread, once; null does nothing.
LUNGRT_API void lungrt_report_free(lungrt_report* report);

/* --- Report ------------------------------------------------------------------------------- */

/// A place with the classifiers' opinion: a candidate, or a nodule.
typedef struct lungrt_finding {
  size_t struct_size;       ///< sizeof(lungrt_finding), set by the caller
  double center_mm[3];      ///< world position (x, y, z; LPS) of `index`
  int64_t index[3];         ///< rounded centre: slice, row, column
  int64_t first[3];         ///< box around the estimate of the lesion, both ends included:
  int64_t last[3];          ///<   slice, row, column
  double extent_mm[3];      ///< of the box, along the image's columns, rows and slices
  double volume_mm3;        ///< estimate of the lesion
  double diameter_mm;       ///< of the sphere of that volume
  double p_nodule;          ///< probability that it is a nodule
  double p_malignant;       ///< given that it is one; NaN where has_p_malignant is 0
  int32_t has_p_malignant;  ///< 0 without that stage, or where it is no nodule
  size_t mark_count;        ///< of a nodule: its marks (lungrt_report_marks()); of a candidate 0
} lungrt_finding;

/// Counts and sizes of a report.
typedef struct lungrt_report_summary {
  size_t struct_size;      ///< sizeof(lungrt_report_summary), set by the caller
  size_t nodule_count;     ///< p_nodule above the threshold
  size_t candidate_count;  ///< places that the segmentation proposes
  size_t note_count;       ///< see lungrt_report_note()
  int64_t shape[3];        ///< of the volume: slices, rows, columns
  int64_t mask_voxels;     ///< of the mask after erosion, where it was computed
  int32_t has_lung_field;  ///< 1 where the region was the lung field
  int32_t has_masks;       ///< 1 where the run kept them
  double air_ml;           ///< aerated lung; 0 without a lung field
  double field_ml;         ///< the field that candidates are kept in; 0 without one
} lungrt_report_summary;

/// Where every number came from. Texts belong to the report.
typedef struct lungrt_provenance {
  size_t struct_size;          ///< sizeof(lungrt_provenance), set by the caller
  const char* lungrt_version;  ///< of the library
  const char* bundle_sha256;   ///< of manifest.json, which holds every artifact's
  const char* series_uid;      ///< of the volume; may be empty
  const char* profile;         ///< book or lung
  const char* geometry;        ///< book or exact
  const char* region;          ///< volume or lung
  const char* precision;       ///< fp32, ...
  const char* engine;          ///< that ran the networks
  const char* engine_version;  ///< of the runtime behind it
  const char* device;          ///< cpu or cuda:N
  const char* device_name;     ///< as the engine calls it
  int32_t threads;
  int32_t merge_marks;            ///< 1: nearby marks became one nodule
  double segmentation_threshold;  ///< mask where probability > threshold
  double nodule_threshold;        ///< nodule where p_nodule > threshold
  double malignancy_threshold;    ///< called malignant where p_malignant > threshold
} lungrt_provenance;

enum {
  LUNGRT_MASK_LUNG_FIELD = 0,  ///< all of the volume where the region is
  LUNGRT_MASK_ABOVE = 1,       ///< above the segmentation's threshold, where that was computed
  LUNGRT_MASK_NODULES = 2      ///< the components of all candidates, after erosion
};

/// Tells counts and sizes of a report. Any thread.
LUNGRT_API lungrt_status lungrt_report_summarise(const lungrt_report* report,
                                                 lungrt_report_summary* summary);

/// Gives a nodule, the most likely one first. Any thread.
/// \param number  below nodule_count
LUNGRT_API lungrt_status lungrt_report_nodule(const lungrt_report* report, size_t number,
                                              lungrt_finding* nodule);

/// Gives a candidate, in the pipeline's order: by un-rounded world centre (x, y, z). Any thread.
/// \param number  below candidate_count
LUNGRT_API lungrt_status lungrt_report_candidate(const lungrt_report* report, size_t number,
                                                 lungrt_finding* candidate);

/// Gives the candidates that a nodule is made of. Any thread.
/// \param number  of the nodule, below nodule_count
/// \param marks   receives numbers of candidates; the array belongs to the report
/// \param count   receives how many
LUNGRT_API lungrt_status lungrt_report_marks(const lungrt_report* report, size_t number,
                                             const int64_t** marks, size_t* count);

/// Tells where every number came from. Any thread.
/// \param provenance  receives it; its texts belong to the report
LUNGRT_API lungrt_status lungrt_report_provenance(const lungrt_report* report,
                                                  lungrt_provenance* provenance);

/// Gives the SHA-256 of a checkpoint that the bundle was made of. Any thread.
/// \param stage   segmentation, nodule or malignancy
/// \param member  of an ensemble, from 0
/// \param sha256  receives hexadecimal digits that belong to the report
/// \return LUNGRT_INVALID_ARGUMENT where there is no such stage or member
LUNGRT_API lungrt_status lungrt_report_checkpoint_sha256(const lungrt_report* report,
                                                         const char* stage, size_t member,
                                                         const char** sha256);

/// Gives a note: rounding, resampling, a lung field that was widened, what a device was not used
/// for. Any thread.
/// \param number  below note_count
/// \param note    receives a text that belongs to the report
LUNGRT_API lungrt_status lungrt_report_note(const lungrt_report* report, size_t number,
                                            const char** note);

/// Gives the time that a part of the run took. Any thread.
/// \param part     find_lungs (where the region is the lung field), transfer (where the scan lay on
///                 a device), segment, group, classify or total
/// \param seconds  receives it
/// \return LUNGRT_INVALID_ARGUMENT where the run had no such part
LUNGRT_API lungrt_status lungrt_report_seconds(const lungrt_report* report, const char* part,
                                               double* seconds);

/// Gives the report as JSON, the same text as `lungrt diagnose --output` writes. Any thread.
/// \param with_candidates  1: with every candidate; 0: nodules only
/// \param text             receives a text to free with lungrt_text_free()
LUNGRT_API lungrt_status lungrt_report_json(const lungrt_report* report, int32_t with_candidates,
                                            char** text);

/// Copies a mask: one byte a voxel, 0 or 1, column fastest, then row, then slice. Any thread.
/// \param which   LUNGRT_MASK_...
/// \param voxels  receives them; the caller's
/// \param size    bytes that `voxels` points to: exactly slices x rows x columns
/// \return LUNGRT_INVALID_ARGUMENT where the run kept no masks, or another size
LUNGRT_API lungrt_status lungrt_report_mask(const lungrt_report* report, int32_t which,
                                            uint8_t* voxels, size_t size);

/// Copies the labels: k + 1 in the voxels of candidate k, 0 elsewhere; in the order of
/// lungrt_report_mask(). Any thread.
/// \param labels  receives them; the caller's
/// \param count   labels (not bytes) that it has place for: exactly slices x rows x columns
/// \return LUNGRT_INVALID_ARGUMENT where the run kept no masks, or another count
LUNGRT_API lungrt_status lungrt_report_labels(const lungrt_report* report, int32_t* labels,
                                              size_t count);

#ifdef __cplusplus
}
#endif
