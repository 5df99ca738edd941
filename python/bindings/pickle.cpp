#include "pickle.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "casters.h"
#include "lungrt/error.h"

namespace lungrt::python {

namespace py = pybind11;

namespace {

[[noreturn]] void refuse(const char* type, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string("this is not the pickle of a ") + type + " (" + why +
                  "). It is damaged or from another version of lungrt; compute it again");
}

/// The fields of a state with their types.
template <typename... Fields>
std::tuple<Fields...> fields(const State& state, const char* type) {
  try {
    return state.cast<std::tuple<Fields...>>();
  } catch (const py::cast_error&) {
    refuse(type, "its fields are not " + std::to_string(sizeof...(Fields)) + " of its types");
  }
}

/// Region by the name that `to_string` gives it.
Region region_of(const std::string& name) {
  for (const Region region : {Region::kVolume, Region::kLungField}) {
    if (to_string(region) == name) return region;
  }
  refuse("ProfileOptions", "unknown region " + name);
}

/// Voxel order by the name that `to_string` gives it.
VoxelOrder voxel_order_of(const std::string& name) {
  for (const VoxelOrder order : {VoxelOrder::kStored, VoxelOrder::kPatient}) {
    if (to_string(order) == name) return order;
  }
  refuse("ProfileOptions", "unknown voxel order " + name);
}

/// Shape of an array of the words of a mask.
std::vector<py::ssize_t> word_extents(const NoduleMask& mask) {
  std::vector<py::ssize_t> result = extents(mask.shape());
  result[2] = static_cast<py::ssize_t>(mask.words_per_row());
  return result;
}

bool same_shape(const py::array& array, const std::vector<py::ssize_t>& shape) {
  return std::equal(shape.begin(), shape.end(), array.shape(), array.shape() + array.ndim());
}

}  // namespace

template <>
State state_of<SliceSource>(const py::object& self) {
  const auto& one = self.cast<const SliceSource&>();
  return py::make_tuple(std::filesystem::path(one.path), one.instance_uid, one.frame, one.bytes,
                        one.modified_ns);
}

template <>
SliceSource restored<SliceSource>(const State& state) {
  const auto [path, instance_uid, frame, bytes, modified_ns] =
      fields<std::filesystem::path, std::string, int, std::uint64_t, std::int64_t>(state,
                                                                                   "SliceSource");
  return {path.string(), instance_uid, frame, bytes, modified_ns};
}

template <>
State state_of<CtVolume>(const py::object& self) {
  return py::make_tuple(self.attr("hu"), self.attr("geometry"), self.attr("series_uid"),
                        self.attr("notes"), self.attr("sources"), self.attr("is_interpolated"));
}

template <>
CtVolume restored<CtVolume>(const State& state) {
  const auto [hu, geometry, series_uid, notes, sources, interpolated] =
      fields<py::array, Geometry, std::string, std::vector<std::string>, std::vector<SliceSource>,
             bool>(state, "CtVolume");
  if (!py::isinstance<py::array_t<std::int16_t>>(hu) || hu.ndim() != 3) {
    refuse("CtVolume", "its voxels are no int16 array of three axes");
  }
  // Another layout is copied; the array of a pickle is taken as it is.
  py::array values = contiguous<std::int16_t>(hu);
  const auto* data = static_cast<const std::int16_t*>(values.data());
  const VolumeShape shape{hu.shape(0), hu.shape(1), hu.shape(2)};
  const CtVolume volume(data, shape, geometry, keep_alive(std::move(values)), series_uid);
  if (notes.empty() && sources.empty()) return volume;
  return volume.with_notes(notes).with_sources(sources, interpolated);
}

template <>
State state_of<NoduleMask>(const py::object& self) {
  const auto& mask = self.cast<const NoduleMask&>();
  py::array_t<std::uint64_t> words(word_extents(mask));
  std::uint64_t* to = words.mutable_data();
  const std::int64_t count = mask.shape().rows * mask.words_per_row();
  for (std::int64_t slice = 0; slice < mask.shape().slices; ++slice) {
    to = std::copy_n(mask.row(slice, 0), count, to);
  }
  return py::make_tuple(mask.shape(), words);
}

template <>
NoduleMask restored<NoduleMask>(const State& state) {
  const auto [shape, given] = fields<VolumeShape, py::array>(state, "NoduleMask");
  if (shape == VolumeShape{}) return {};  // a mask without voxels, which has no words either
  NoduleMask mask(shape);
  if (given.dtype().kind() != 'u' || given.itemsize() != 8 ||
      !same_shape(given, word_extents(mask))) {
    refuse("NoduleMask", "its words do not fit its shape");
  }
  const py::array words = contiguous<std::uint64_t>(given);
  const auto* from = static_cast<const std::uint64_t*>(words.data());
  const std::int64_t used = shape.columns % 64;
  const std::uint64_t beyond = used == 0 ? 0 : ~std::uint64_t{0} << used;
  const std::int64_t per_row = mask.words_per_row();
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    for (std::int64_t row = 0; row < shape.rows; ++row, from += per_row) {
      std::copy_n(from, per_row, mask.row(slice, row));
      if ((from[per_row - 1] & beyond) != 0) refuse("NoduleMask", "bits past the last column");
    }
  }
  return mask;
}

template <>
State state_of<RunMasks>(const py::object& self) {
  const auto& masks = self.cast<const RunMasks&>();
  // Most voxels have no label, so that only the others are stored.
  std::vector<std::int64_t> places;
  std::vector<std::int32_t> labels;
  for (std::size_t at = 0; at < masks.labels.labels.size(); ++at) {
    if (const std::int32_t label = masks.labels.labels[at]; label != 0) {
      places.push_back(static_cast<std::int64_t>(at));
      labels.push_back(label);
    }
  }
  const auto count = static_cast<py::ssize_t>(places.size());
  return py::make_tuple(masks.lung_field, masks.mask, masks.nodules, masks.labels.shape,
                        masks.labels.count, take(std::move(places), {count}),
                        take(std::move(labels), {count}));
}

template <>
RunMasks restored<RunMasks>(const State& state) {
  auto [lung_field, mask, nodules, shape, count, places, labels] =
      fields<NoduleMask, NoduleMask, NoduleMask, VolumeShape, std::int32_t,
             py::array_t<std::int64_t>, py::array_t<std::int32_t>>(state, "RunMasks");
  if (places.ndim() != 1 || labels.ndim() != 1 || places.size() != labels.size() ||
      !(shape == nodules.shape())) {
    refuse("RunMasks", "its labels do not fit its masks");
  }
  RunMasks masks{std::move(lung_field), std::move(mask), std::move(nodules), {shape, count, {}}};
  const std::int64_t voxels = shape.slices * shape.rows * shape.columns;
  masks.labels.labels.resize(static_cast<std::size_t>(voxels));
  for (py::ssize_t n = 0; n < places.size(); ++n) {
    const std::int64_t at = places.at(n);
    const std::int32_t label = labels.at(n);
    if (at < 0 || at >= voxels || label < 1 || label > count) {
      refuse("RunMasks", "a label out of range");
    }
    masks.labels.labels[static_cast<std::size_t>(at)] = label;
  }
  return masks;
}

template <>
State state_of<Candidate>(const py::object& self) {
  const auto& one = self.cast<const Candidate&>();
  return py::make_tuple(one.index, one.center_mm, one.volume_mm3, one.diameter_mm, one.box,
                        one.extent_mm);
}

template <>
Candidate restored<Candidate>(const State& state) {
  const auto [index, center_mm, volume_mm3, diameter_mm, box, extent_mm] =
      fields<VoxelIndex, Vec3, double, double, VoxelBox, Vec3>(state, "Candidate");
  return {index, center_mm, volume_mm3, diameter_mm, box, extent_mm};
}

template <>
State state_of<Finding>(const py::object& self) {
  const auto& one = self.cast<const Finding&>();
  return py::make_tuple(state_of<Candidate>(self), one.p_nodule, one.p_malignant);
}

template <>
Finding restored<Finding>(const State& state) {
  const auto [candidate, p_nodule, p_malignant] =
      fields<State, double, std::optional<double>>(state, "Finding");
  return {restored<Candidate>(candidate), p_nodule, p_malignant};
}

template <>
State state_of<Nodule>(const py::object& self) {
  return py::make_tuple(state_of<Finding>(self), self.cast<const Nodule&>().marks);
}

template <>
Nodule restored<Nodule>(const State& state) {
  const auto [finding, marks] = fields<State, std::vector<std::int64_t>>(state, "Nodule");
  return {restored<Finding>(finding), marks};
}

template <>
State state_of<LungFieldSummary>(const py::object& self) {
  const auto& one = self.cast<const LungFieldSummary&>();
  return py::make_tuple(one.air_ml, one.field_ml);
}

template <>
LungFieldSummary restored<LungFieldSummary>(const State& state) {
  const auto [air_ml, field_ml] = fields<double, double>(state, "LungFieldSummary");
  return {air_ml, field_ml};
}

template <>
State state_of<ProfileOptions>(const py::object& self) {
  const auto& one = self.cast<const ProfileOptions&>();
  return py::make_tuple(one.profile, one.geometry, one.region, one.merge_marks, one.voxel_order,
                        one.pad_small_volumes, to_string(one.precision), one.segmentation_threshold,
                        one.nodule_threshold, one.malignancy_threshold);
}

template <>
ProfileOptions restored<ProfileOptions>(const State& state) {
  const auto [profile, geometry, region, merge_marks, voxel_order, pad, precision, segmentation,
              nodule, malignancy] =
      fields<std::string, InverseTransform, std::string, bool, std::string, bool, std::string,
             double, double, double>(state, "ProfileOptions");
  ProfileOptions options;
  options.profile = profile;
  options.geometry = geometry;
  options.region = region_of(region);
  options.merge_marks = merge_marks;
  options.voxel_order = voxel_order_of(voxel_order);
  options.pad_small_volumes = pad;
  options.precision = parse_precision(precision);
  options.segmentation_threshold = segmentation;
  options.nodule_threshold = nodule;
  options.malignancy_threshold = malignancy;
  return options;
}

template <>
State state_of<Provenance>(const py::object& self) {
  const auto& one = self.cast<const Provenance&>();
  return py::make_tuple(one.lungrt_version, one.bundle_sha256, one.checkpoint_sha256,
                        one.engine_version, one.device_name, one.threads, one.notes);
}

template <>
Provenance restored<Provenance>(const State& state) {
  const auto [version, bundle, checkpoints, engine, device, threads, notes] =
      fields<std::string, std::string, std::map<std::string, std::vector<std::string>>, std::string,
             std::string, int, std::vector<std::string>>(state, "Provenance");
  return {version, bundle, checkpoints, engine, device, threads, notes};
}

template <>
State state_of<Report>(const py::object& self) {
  const auto& one = self.cast<const Report&>();
  return py::make_tuple(one.series_uid, one.shape, one.geometry, one.options, one.engine,
                        one.device, one.mask_voxels, one.lung_field, one.nodules, one.candidates,
                        one.timings_s, one.provenance, self.attr("masks"));
}

template <>
Report restored<Report>(const State& state) {
  const auto [series_uid, shape, geometry, options, engine, device, mask_voxels, lung_field,
              nodules, candidates, timings_s, provenance, masks] =
      fields<std::string, VolumeShape, Geometry, ProfileOptions, std::string, std::string,
             std::int64_t, std::optional<LungFieldSummary>, std::vector<Nodule>,
             std::vector<Finding>, std::map<std::string, double>, Provenance,
             std::optional<std::shared_ptr<RunMasks>>>(state, "Report");
  Report report{series_uid,
                shape,
                geometry,
                options,
                engine,
                device,
                mask_voxels,
                lung_field,
                nodules,
                candidates,
                timings_s,
                provenance,
                masks ? *masks : nullptr};
  for (const Nodule& nodule : report.nodules) {
    for (const std::int64_t mark : nodule.marks) {
      if (mark < 0 || mark >= static_cast<std::int64_t>(report.candidates.size())) {
        refuse("Report", "a mark that is no candidate");
      }
    }
  }
  return report;
}

}  // namespace lungrt::python
