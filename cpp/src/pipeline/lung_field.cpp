#include "lungrt/lung_field.h"

#include <utility>

#include "backend/device_choice.h"
#include "stages/find_lungs.h"
#include "stages/ordered_volume.h"
#include "stages/run_control.h"
#include "stages/run_log.h"

namespace lungrt {

LungField find_lung_field(const CtVolume& volume, int threads, const RunOptions& options) {
  const RunControl control(options);
  return within_memory("find lungs alone", volume, [&] {
    const int chosen = choose_threads(threads);
    const OrderedVolume ordered(volume, VoxelOrder::kPatient, chosen, control);
    ops::LungFieldResult found = find_lungs(ordered.volume(), chosen, control);
    const RunControl::Memory memory =
        control.hold("find lungs", "the mask",
                     mask_bytes(volume.shape()) +
                         (ordered.is_copy() ? mask_bytes(ordered.volume().shape()) : 0));
    return LungField{ordered.put_back(found.field.to_mask()), found.air_ml, found.field_ml,
                     std::move(found.notes)};
  });
}

}  // namespace lungrt
