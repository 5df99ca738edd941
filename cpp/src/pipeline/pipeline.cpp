#include "lungrt/pipeline.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "backend/device_choice.h"
#include "backend/engine_choice.h"
#include "core/bundle/bundle.h"
#include "core/logging.h"
#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/version.h"
#include "ops/context.h"
#include "ops/crop.h"
#include "stages/classify.h"
#include "stages/device_scan.h"
#include "stages/find_lungs.h"
#include "stages/group.h"
#include "stages/hounsfield.h"
#include "stages/merge_marks.h"
#include "stages/network.h"
#include "stages/ordered_volume.h"
#include "stages/profile.h"
#include "stages/run_control.h"
#include "stages/run_log.h"
#include "stages/segment.h"
#include "stages/segment_field.h"

namespace lungrt {

struct Pipeline::Impl {
  Impl(const std::string& folder, const PipelineOptions& options)
      : bundle(Bundle::open(folder)),
        engine(choose_engine(options.engine, options.device, bundle,
                             parse_precision(options.precision))),
        device(choose_device(engine, options.device)),
        profile(choose_profile(bundle, options)),
        threads(choose_threads(options.threads)) {
    profile.precision = choose_precision(engine, device, options.precision);
    if (profile.region == Region::kLungField) refuse_fixed_sizes(engine, options.engine_options);
    const auto network = [&](const StageManifest& stage) {
      return open_network(
          bundle, stage, engine,
          {device, threads, profile.precision, options.engine_options, options.verify_hashes});
    };
    if (const StageManifest* stage = bundle.stage(StageKind::kSegmentation)) {
      segmenter.emplace(*stage, network(*stage), profile.segmentation_threshold);
    }
    if (const StageManifest* stage = bundle.stage(StageKind::kNodule)) {
      const auto small_volume =
          profile.pad_small_volumes ? ops::SmallVolume::kPadWithAir : ops::SmallVolume::kRefuse;
      std::optional<Classifier> malignancy;
      if (const StageManifest* second = bundle.stage(StageKind::kMalignancy)) {
        malignancy.emplace(*second, network(*second), small_volume);
      }
      classifier.emplace(Classifier(*stage, network(*stage), small_volume), std::move(malignancy),
                         profile.nodule_threshold);
    }
    const bool device_tensors = (!segmenter || segmenter->traits().device_tensors) &&
                                (!classifier || classifier->device_tensors());
    places.emplace(engine, device, device_tensors);
    log_opened();
  }

  void log_opened() const {
    log_lazily(LogLevel::kInfo, [&] {
      return "pipeline: engine " + engine.name() + " (" + engine.version() + ") on " +
             to_string(device) + ", " + to_string(profile.precision) + ", profile " +
             profile.profile + ", " + text::counted(threads, "thread") + ", bundle " +
             bundle.sha256().substr(0, 12);
    });
    for (const std::string& note : places->notes()) log_message(LogLevel::kWarning, note);
  }

  std::unique_ptr<PlacedScan> place(const CtVolume& volume) const {
    return places->place(volume, (segmenter ? segmenter->tensor_bytes(volume.shape()) : 0) +
                                     (classifier ? classifier->tensor_bytes() : 0));
  }

  OrderedVolume ordered(const CtVolume& volume, const RunControl& control) const {
    return {volume, profile.voxel_order, threads, control};
  }

  const Segmenter& required_segmenter() const {
    if (!segmenter) bundle.required_stage(StageKind::kSegmentation);
    return *segmenter;
  }

  const CandidateClassifier& required_classifier() const {
    if (!classifier) bundle.required_stage(StageKind::kNodule);
    return *classifier;
  }

  Report run(const CtVolume& volume, const RunOptions& options) const {
    const RunControl control(options);
    const Segmenter& segment = required_segmenter();
    const CandidateClassifier& classify = required_classifier();

    Report report;
    report.series_uid = volume.series_uid();
    report.shape = volume.shape();
    report.geometry = volume.geometry();
    report.options = profile;
    report.engine = engine.name();
    report.device = to_string(device);
    report.provenance = provenance(volume);

    Stopwatch total, stage;
    if (auto note = check_hounsfield(volume, options.allow_non_hu)) {
      log_message(LogLevel::kWarning, "run: the voxels are not Hounsfield units, as allowed");
      report.provenance.notes.push_back(*note);
    }
    const OrderedVolume ordered = this->ordered(volume, control);
    if (ordered.is_copy()) report.timings_s["reorder"] = stage.lap();
    const RunControl::Memory mask_memory = hold_mask(ordered.volume(), control);
    const std::unique_ptr<PlacedScan> scan = place(ordered.volume());
    if (places->on_device()) report.timings_s["transfer"] = stage.lap();
    const std::optional<ops::CellField> field = find_field(*scan, control, &report);
    if (field) report.timings_s["find_lungs"] = stage.lap();
    segment_region(segment, *scan, field, control);
    report.timings_s["segment"] = stage.lap();
    const GroupResult groups =
        group([&] { return scan->grouping_bytes(); },
              [&] { return group_candidates(*scan, profile.geometry); }, field, control);
    report.mask_voxels = groups.mask_voxels;
    report.timings_s["group"] = stage.lap();
    log_stage_end("group", report.timings_s["group"],
                  text::counted(static_cast<std::int64_t>(groups.candidates.size()), "candidate"));
    const RunControl::Memory list_memory = hold_candidates(groups.candidates.size(), control);
    log_stage_begin("classify");
    report.candidates = classify.run(*scan, groups.candidates, control);
    report.nodules =
        profile.merge_marks
            ? merge_marks(report.candidates, profile.nodule_threshold, ordered.volume().geometry())
            : list_nodules(report.candidates, profile.nodule_threshold);
    ordered.put_back(report.candidates);
    ordered.put_back(report.nodules);
    report.timings_s["classify"] = stage.lap();
    report.timings_s["total"] = total.lap();
    log_stage_end("classify", report.timings_s["classify"],
                  text::counted(static_cast<std::int64_t>(report.nodules.size()), "nodule"));
    if (options.keep_masks) report.masks = keep_masks(*scan, groups, field, ordered, control);
    control.check("classify");
    log_stage_end("run", report.timings_s["total"],
                  "at most " + text::grouped(control.most_held_bytes()) + " bytes counted");
    return report;
  }

  static RunControl::Memory hold_mask(const CtVolume& volume, const RunControl& control) {
    return control.hold("segment", "the nodule mask", mask_bytes(volume.shape()));
  }

  static RunControl::Memory hold_candidates(std::size_t count, const RunControl& control) {
    const auto candidates = static_cast<std::int64_t>(count);
    return control.hold("classify", "a list of " + text::counted(candidates, "candidate"),
                        candidates * kBytesPerCandidate);
  }

  /// The lung field, or nothing if the region is the whole volume. The size of the lungs and notes
  /// go into the report.
  /// \param place  a scan, or a volume in host memory
  template <typename Place>
  std::optional<ops::CellField> find_field(Place& place, const RunControl& control,
                                           Report* report) const {
    if (profile.region == Region::kVolume) return std::nullopt;
    ops::LungFieldResult found = find_lungs(place, threads, control);
    if (report != nullptr) {
      report->lung_field = LungFieldSummary{found.air_ml, found.field_ml};
      std::vector<std::string>& notes = report->provenance.notes;
      notes.insert(notes.end(), found.notes.begin(), found.notes.end());
    }
    return std::move(found.field);
  }

  static void segment_region(const Segmenter& segmenter, PlacedScan& scan,
                             const std::optional<ops::CellField>& field,
                             const RunControl& control) {
    Stopwatch time;
    log_stage_begin("segment");
    if (field) {
      segment_field(segmenter, scan, *field, control);
    } else {
      segmenter.run(scan, control);
    }
    log_stage_end("segment", time.lap(), text::counted(scan.volume().shape().slices, "slice"));
  }

  /// \param bytes  returns how much memory `find` needs at most; called only if memory is limited
  /// \param find   returns the candidates of the whole volume
  template <typename Bytes, typename Find>
  static GroupResult group(const Bytes& bytes, const Find& find,
                           const std::optional<ops::CellField>& field, const RunControl& control) {
    log_stage_begin("group");
    control.check("group");
    const RunControl::Memory memory = control.hold("group", "runs and components of the mask",
                                                   control.limits_memory() ? bytes() : 0);
    GroupResult groups = find();
    if (field) keep_in_field(*field, groups);
    control.check("group");
    control.check_candidates(static_cast<std::int64_t>(groups.candidates.size()));
    return groups;
  }

  Provenance provenance(const CtVolume& volume) const {
    Provenance result;
    result.lungrt_version = LUNGRT_VERSION;
    result.bundle_sha256 = bundle.sha256();
    for (const StageKind kind :
         {StageKind::kSegmentation, StageKind::kNodule, StageKind::kMalignancy}) {
      const StageManifest* stage = bundle.stage(kind);
      if (stage == nullptr) continue;
      for (const BundleNetwork& network : stage->networks) {
        result.checkpoint_sha256[to_string(kind)].push_back(network.checkpoint_sha256);
      }
    }
    result.engine_version = engine.version();
    result.device_name = engine.device_name(device);
    result.threads = threads;
    result.notes = volume.notes();
    if (auto note = order_note(volume, profile.voxel_order)) result.notes.push_back(*note);
    result.notes.insert(result.notes.end(), places->notes().begin(), places->notes().end());
    return result;
  }

  Bundle bundle;
  const Engine& engine;
  Device device;
  ProfileOptions profile;
  int threads;
  std::optional<Segmenter> segmenter;
  std::optional<CandidateClassifier> classifier;
  std::optional<ScanPlaces> places;
};

Pipeline::Pipeline(const std::string& bundle, const PipelineOptions& options)
    : impl_(std::make_unique<Impl>(bundle, options)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

Report Pipeline::run(const CtVolume& volume, const RunOptions& options) const {
  return within_memory("run", volume, [&] { return impl_->run(volume, options); });
}

NoduleMask Pipeline::segment(const CtVolume& volume, const RunOptions& options) const {
  const RunControl control(options);
  return within_memory("segment alone", volume, [&] {
    const Segmenter& segmenter = impl_->required_segmenter();
    check_hounsfield(volume, options.allow_non_hu);
    const OrderedVolume ordered = impl_->ordered(volume, control);
    const RunControl::Memory memory = Impl::hold_mask(ordered.volume(), control);
    const std::unique_ptr<PlacedScan> scan = impl_->place(ordered.volume());
    const auto field = impl_->find_field(*scan, control, nullptr);
    Impl::segment_region(segmenter, *scan, field, control);
    if (!ordered.is_copy()) return scan->mask();
    const RunControl::Memory put_back = Impl::hold_mask(volume, control);
    return ordered.put_back(scan->mask());
  });
}

std::vector<Candidate> Pipeline::group(const CtVolume& volume, const NoduleMask& mask,
                                       const RunOptions& options) const {
  const RunControl control(options);
  return within_memory("group alone", volume, [&] {
    require_same_shape(volume, mask);
    const OrderedVolume ordered = impl_->ordered(volume, control);
    const auto group_ordered = [&](const NoduleMask& of) {
      const auto field = impl_->find_field(ordered.volume(), control, nullptr);
      return Impl::group([&] { return grouping_bytes(of); },
                         [&] { return group_candidates(ordered.volume(), of, profile().geometry); },
                         field, control)
          .candidates;
    };
    if (!ordered.is_copy()) return group_ordered(mask);
    const RunControl::Memory memory = Impl::hold_mask(ordered.volume(), control);
    std::vector<Candidate> candidates = group_ordered(ordered.order().from_stored(mask));
    ordered.put_back(candidates);
    return candidates;
  });
}

std::vector<Finding> Pipeline::classify(const CtVolume& volume,
                                        const std::vector<Candidate>& candidates,
                                        const RunOptions& options) const {
  const RunControl control(options);
  control.check_candidates(static_cast<std::int64_t>(candidates.size()));
  return within_memory("classify alone", volume, [&] {
    const CandidateClassifier& classify = impl_->required_classifier();
    const RunControl::Memory memory = Impl::hold_candidates(candidates.size(), control);
    const OrderedVolume ordered = impl_->ordered(volume, control);
    if (!ordered.is_copy()) return classify.run(*impl_->place(volume), candidates, control);
    std::vector<Candidate> places = candidates;
    for (Candidate& place : places) place.index = ordered_voxel(ordered.order(), place.index);
    std::vector<Finding> findings = classify.run(*impl_->place(ordered.volume()), places, control);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      static_cast<Candidate&>(findings[i]) = candidates[i];
    }
    return findings;
  });
}

NetworkInput Pipeline::segmentation_input(const CtVolume& volume, std::int64_t slice) const {
  const InputContract& input = impl_->bundle.required_stage(StageKind::kSegmentation).input;
  const ops::AxisOrder order = axis_order(volume, profile().voxel_order);
  if (slice < 0 || slice >= order.shape().slices) {
    throw Error(ErrorCode::kInvalidArgument,
                "there is no slice " + std::to_string(slice) + ": the volume has " +
                    text::counted(order.shape().slices, "slice") + ", numbered from 0" +
                    (order.is_stored() ? "" : " in the order that the networks see"));
  }
  const ops::PaddedSize size = ops::padded_size(order.shape(), input);
  NetworkInput result{{2 * input.context_slices + 1, size.height, size.width}, {}};
  result.values.resize(static_cast<std::size_t>(result.shape[0] * size.height * size.width));
  if (order.is_stored()) {
    ops::stack_context(volume, slice, input, Layout::kNchw, result.values.data());
    return result;
  }
  const std::int64_t first = std::max<std::int64_t>(0, slice - input.context_slices);
  const std::int64_t last = std::min(order.shape().slices, slice + input.context_slices + 1);
  ops::stack_context(slices_in_order(volume, order, first, last), slice - first, input,
                     Layout::kNchw, result.values.data());
  return result;
}

NetworkInput Pipeline::nodule_input(const CtVolume& volume, const VoxelIndex& center) const {
  const InputContract& input = impl_->bundle.required_stage(StageKind::kNodule).input;
  NetworkInput result{{input.crop.begin(), input.crop.end()}, {}};
  result.values.resize(static_cast<std::size_t>(input.crop[0] * input.crop[1] * input.crop[2]));
  const auto small_volume =
      impl_->profile.pad_small_volumes ? ops::SmallVolume::kPadWithAir : ops::SmallVolume::kRefuse;
  const ops::AxisOrder order = axis_order(volume, profile().voxel_order);
  if (order.is_stored()) {
    ops::gather_crop(volume, ops::crop_origin(volume.shape(), center, input.crop, small_volume),
                     input, result.values.data());
    return result;
  }
  VoxelIndex origin =
      ops::crop_origin(order.shape(), ordered_voxel(order, center), input.crop, small_volume);
  const std::int64_t first = std::max<std::int64_t>(0, origin.slice);
  const std::int64_t last = std::min(order.shape().slices, origin.slice + input.crop[0]);
  origin.slice -= first;
  ops::gather_crop(slices_in_order(volume, order, first, last), origin, input,
                   result.values.data());
  return result;
}

const std::string& Pipeline::engine() const { return impl_->engine.name(); }
std::string Pipeline::device() const { return to_string(impl_->device); }
const ProfileOptions& Pipeline::profile() const { return impl_->profile; }
int Pipeline::threads() const { return impl_->threads; }

}  // namespace lungrt
