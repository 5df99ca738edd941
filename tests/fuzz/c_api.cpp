#include "lungrt/c_api.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "input_reader.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

constexpr std::int64_t kMostAxis = 14;
constexpr std::size_t kVoxels = kMostAxis * kMostAxis * kMostAxis;

/// Sizes of a structure: valid, too small, too large and of a newer header.
template <typename Struct>
std::size_t size_of(InputReader& reader) {
  switch (reader.small(0, 15)) {
    case 0:
      return 0;
    case 1:
      return sizeof(Struct) - 1;
    case 2:
      return sizeof(Struct) + 8;
    case 3:
      return reader.raw<std::size_t>();
    default:
      return sizeof(Struct);
  }
}

const char* choose(InputReader& reader, std::initializer_list<const char*> texts) {
  const auto which = static_cast<std::size_t>(reader.small(0, 15));
  return which < texts.size() ? texts.begin()[which] : nullptr;
}

/// A program that calls the interface in any order with any arguments, except those that the header
/// forbids: freed handles, and sizes larger than the buffers.
class Program {
 public:
  explicit Program(InputReader& reader) : reader_(reader) {}
  ~Program() {
    lungrt_report_free(report_);
    lungrt_pipeline_free(pipeline_);
    lungrt_volume_free(volume_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void step() {
    switch (reader_.small(0, 15)) {
      case 0:
        return open();
      case 1:
        return make_volume();
      case 2:
      case 3:
        return run();
      case 4:
        return describe();
      case 5:
        return findings();
      case 6:
        return texts();
      case 7:
        return voxels();
      case 8:
        return library();
      case 9:
        lungrt_report_free(report_);
        report_ = nullptr;
        return;
      case 10:
        lungrt_pipeline_free(pipeline_);
        pipeline_ = nullptr;
        return;
      case 11:
        lungrt_volume_free(volume_);
        volume_ = nullptr;
        return;
      default:
        return ready();
    }
  }

 private:
  lungrt_status tell(lungrt_status status) {
    check(status != LUNGRT_INTERNAL, lungrt_last_error());
    check(std::strcmp(lungrt_status_name(status), "Unknown") != 0, "a status that is none");
    check(status == LUNGRT_OK || lungrt_last_error()[0] != '\0', "a failure without words");
    return status;
  }

  /// Checks a call that returns a handle or text, which must be null after a failure. `made` is a
  /// reference because arguments are evaluated in any order: it is read after the call.
  template <typename Given>
  void tell(lungrt_status status, Given* const& given) {
    check((tell(status) == LUNGRT_OK) == (given != nullptr), "what a failed call left behind");
  }

  /// The usual calls of a program, so that reports exist.
  void ready() {
    if (pipeline_ == nullptr) tell(lungrt_pipeline_open(LUNGRT_FUZZ_BUNDLE, nullptr, &pipeline_));
    if (volume_ == nullptr) {
      lungrt_volume_description description = whole();
      tell(lungrt_volume_create(&description, &volume_));
    }
    run();
  }

  void open() {
    lungrt_pipeline_options options{};
    options.struct_size = size_of<lungrt_pipeline_options>(reader_);
    options.engine = choose(reader_, {"native", "auto", "", "torchscript", "abacus"});
    options.device = choose(reader_, {"cpu", "auto", "cuda:99", "cuda:-1", "\xff"});
    options.precision = choose(reader_, {"fp32", "int8", ""});
    options.profile = choose(reader_, {"book", "lung", "Lung"});
    options.geometry = choose(reader_, {"book", "exact", "none"});
    options.region = choose(reader_, {"volume", "lung", "?"});
    options.merge_marks = static_cast<std::int32_t>(reader_.small(-1, 3));
    options.threads = static_cast<std::int32_t>(reader_.small(-1, 2));
    options.skip_hashes = static_cast<std::int32_t>(reader_.small(0, 2));
    const lungrt_engine_option settings[] = {
        {"kernels", choose(reader_, {"direct", "winograd", "x"})},
        {choose(reader_, {"instruction_set", "", "kernels"}),
         choose(reader_, {"portable", "auto", "avx9"})}};
    options.engine_option_count = static_cast<std::size_t>(reader_.small(0, 2));
    options.engine_options = reader_.small(0, 7) == 0 ? nullptr : settings;
    if (reader_.small(0, 7) == 0) options.engine_option_count = SIZE_MAX;
    options.voxel_order = choose(reader_, {"patient", "stored", "lps"});
    lungrt_pipeline_free(pipeline_);
    const char* bundle = choose(reader_, {nullptr, "", "/nowhere", "/proc/self/mem"});
    if (reader_.small(0, 3) != 0) bundle = LUNGRT_FUZZ_BUNDLE;
    const bool plain = reader_.small(0, 3) == 0;
    tell(lungrt_pipeline_open(bundle, plain ? nullptr : &options, &pipeline_), pipeline_);
  }

  lungrt_volume_description whole() {
    lungrt_volume_description description{};
    description.struct_size = sizeof description;
    description.voxels = buffer_.data();
    for (std::int64_t& axis : description.shape) axis = reader_.small(5, kMostAxis);
    description.voxels_size =
        2U * static_cast<std::size_t>(description.shape[0] * description.shape[1] *
                                      description.shape[2]);
    for (double& spacing : description.spacing_mm) spacing = 1;
    for (int i = 0; i < 9; i += 4) description.direction[i] = 1;
    const auto seed = reader_.raw<std::uint32_t>();
    auto* hu = reinterpret_cast<std::int16_t*>(buffer_.data());
    for (std::uint32_t k = 0; k < kVoxels; ++k) {
      hu[k] = static_cast<std::int16_t>((k * (seed | 1)) >> 20);
    }
    return description;
  }

  void make_volume() {
    lungrt_volume_description description = whole();
    description.struct_size = size_of<lungrt_volume_description>(reader_);
    const auto changes = reader_.raw<std::uint8_t>();
    if (changes & 1) {
      description.voxel_type = static_cast<std::int32_t>(reader_.small(-1, 9));
      description.voxels_size *= static_cast<std::size_t>(reader_.small(0, 4));
    }
    if (changes & 2) description.ownership = static_cast<std::int32_t>(reader_.small(-1, 2));
    if (changes & 4) {  // sizes from a damaged header, far beyond the voxels that exist
      description.shape[reader_.small(0, 2)] = reader_.raw<std::int64_t>();
      description.voxels_size %= 16;
    }
    if (changes & 8) description.spacing_mm[reader_.small(0, 2)] = reader_.number();
    if (changes & 16) description.origin_mm[reader_.small(0, 2)] = reader_.number();
    if (changes & 32) description.direction[reader_.small(0, 8)] = reader_.number();
    if (changes & 64) description.voxels = buffer_.data() + reader_.small(0, 8);
    if (changes & 128) description.series_uid = choose(reader_, {"1.2", "\xff\xfe", "\n\"\\"});
    if (reader_.small(0, 31) == 0) description.voxels = nullptr;
    lungrt_report_free(report_);
    report_ = nullptr;
    lungrt_volume_free(volume_);
    tell(lungrt_volume_create(&description, &volume_), volume_);
  }

  struct Counter {
    std::int64_t left;
  };

  void run() {
    Counter counter{reader_.small(0, 20)};
    lungrt_run_options options{};
    options.struct_size = size_of<lungrt_run_options>(reader_);
    options.user = &counter;
    if (reader_.flag())
      options.cancel = [](void* user) -> std::int32_t {
        return --static_cast<Counter*>(user)->left < 0;
      };
    if (reader_.flag())
      options.progress = [](void*, const char* stage, std::int64_t, std::int64_t) {
        check(stage != nullptr, "progress of no stage");
      };
    const auto changes = reader_.raw<std::uint8_t>();
    if (changes & 1) options.max_candidates = reader_.raw<std::int64_t>();
    if (changes & 2) options.max_seconds = reader_.number();
    if (changes & 4) options.max_memory_bytes = reader_.raw<std::int64_t>();
    if (changes & 8) options.keep_masks = static_cast<std::int32_t>(reader_.small(-1, 1));
    if (changes & 16) options.allow_non_hu = static_cast<std::int32_t>(reader_.small(-1, 2));
    lungrt_report_free(report_);
    tell(lungrt_pipeline_run(pipeline_, volume_, reader_.flag() ? &options : nullptr, &report_),
         report_);
  }

  void describe() {
    lungrt_pipeline_info info{};
    info.struct_size = size_of<lungrt_pipeline_info>(reader_);
    if (tell(lungrt_pipeline_describe(pipeline_, &info)) == LUNGRT_OK) {
      check(std::strlen(info.engine) > 0 && info.threads > 0, "a pipeline that runs on nothing");
    }
    tell(lungrt_pipeline_describe(pipeline_, nullptr));
    lungrt_provenance provenance{};
    provenance.struct_size = size_of<lungrt_provenance>(reader_);
    tell(lungrt_report_provenance(report_, &provenance));
  }

  void findings() {
    lungrt_report_summary summary{};
    summary.struct_size = size_of<lungrt_report_summary>(reader_);
    const bool counted = tell(lungrt_report_summarise(report_, &summary)) == LUNGRT_OK;
    const std::size_t number =
        reader_.small(0, 7) == 0 ? SIZE_MAX : reader_.raw<std::uint8_t>() % 8U;
    lungrt_finding finding{};
    finding.struct_size = size_of<lungrt_finding>(reader_);
    const bool sized = finding.struct_size == sizeof finding;
    const lungrt_status candidate = tell(lungrt_report_candidate(report_, number, &finding));
    if (counted && sized) {
      check((candidate == LUNGRT_OK) == (number < summary.candidate_count), "candidates counted");
    }
    if (tell(lungrt_report_nodule(report_, number, &finding)) == LUNGRT_OK) {
      check(finding.p_nodule >= 0 && finding.p_nodule <= 1, "a probability beyond 0 and 1");
    }
    const std::int64_t* marks = nullptr;
    std::size_t count = 0;
    if (tell(lungrt_report_marks(report_, number, &marks, &count)) == LUNGRT_OK) {
      for (std::size_t k = 0; k < count; ++k) check(marks[k] >= 0, "a mark that is none");
    }
    tell(lungrt_report_marks(report_, number, nullptr, &count));
  }

  void texts() {
    const char* found = nullptr;
    const std::size_t number =
        reader_.small(0, 7) == 0 ? SIZE_MAX : reader_.raw<std::uint8_t>() % 4U;
    tell(lungrt_report_note(report_, number, &found));
    tell(lungrt_report_checkpoint_sha256(
        report_, choose(reader_, {"segmentation", "nodule", "malignancy", ""}), number, &found));
    double seconds = 0;
    tell(lungrt_report_seconds(report_, choose(reader_, {"total", "segment", "lunch"}), &seconds));
    char* json = nullptr;
    tell(lungrt_report_json(report_, static_cast<std::int32_t>(reader_.small(-1, 1)), &json), json);
    lungrt_text_free(json);
  }

  void voxels() {
    lungrt_report_summary summary{};
    summary.struct_size = sizeof summary;
    lungrt_report_summarise(report_, &summary);
    std::size_t size =
        static_cast<std::size_t>(summary.shape[0] * summary.shape[1] * summary.shape[2]);
    if (reader_.small(0, 7) == 0) size = reader_.raw<std::uint8_t>();
    // Exactly of that size, so that the sanitizer detects any byte beyond it.
    std::vector<std::uint8_t> mask(size);
    tell(lungrt_report_mask(report_, static_cast<std::int32_t>(reader_.small(-1, 3)), mask.data(),
                            size));
    std::vector<std::int32_t> labels(size);
    tell(lungrt_report_labels(report_, labels.data(), size));
    tell(lungrt_report_labels(report_, nullptr, size));
  }

  void library() {
    tell(lungrt_check_c_abi(reader_.raw<std::uint32_t>() % 3));
    lungrt_status_name(reader_.raw<std::int32_t>());
    const auto level = static_cast<std::int32_t>(reader_.small(-1, 3));
    const auto callback = [](void*, std::int32_t, const char* message) {
      check(message != nullptr && message[0] != '\0', "a message without words");
    };
    tell(lungrt_set_log(reader_.flag() ? callback : lungrt_log_callback{}, nullptr, level));
    tell(lungrt_engines_json(nullptr));
    tell(lungrt_set_engine_runtime_folder(choose(reader_, {"abacus", "", nullptr}), nullptr));
  }

  InputReader& reader_;
  lungrt_pipeline* pipeline_ = nullptr;
  lungrt_volume* volume_ = nullptr;
  lungrt_report* report_ = nullptr;
  alignas(8) std::array<std::uint8_t, 8 * kVoxels + 8> buffer_{};
};

}  // namespace

void c_api(std::string_view input) {
  constexpr int kMostSteps = 24;
  InputReader reader(input);
  Program program(reader);
  for (int step = 0; step < kMostSteps && !reader.empty(); ++step) program.step();
}

}  // namespace lungrt::fuzz
