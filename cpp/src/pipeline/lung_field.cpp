#include "lungrt/lung_field.h"

#include <utility>

#include "backend/device_choice.h"
#include "stages/find_lungs.h"
#include "stages/run_control.h"
#include "stages/run_log.h"

namespace lungrt {

LungField find_lung_field(const CtVolume& volume, int threads, const RunOptions& options) {
  const RunControl control(options);
  return within_memory("find lungs alone", volume, [&] {
    ops::LungFieldResult found = find_lungs(volume, choose_threads(threads), control);
    const RunControl::Memory memory =
        control.hold("find lungs", "the mask", mask_bytes(volume.shape()));
    return LungField{found.field.to_mask(), found.air_ml, found.field_ml, std::move(found.notes)};
  });
}

}  // namespace lungrt
