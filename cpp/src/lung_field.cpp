#include "lungrt/lung_field.h"

#include <utility>

#include "backend/device_choice.h"
#include "stages/find_lungs.h"

namespace lungrt {

LungField find_lung_field(const CtVolume& volume, int threads, const RunOptions& options) {
  ops::LungFieldResult found = find_lungs(volume, choose_threads(threads), RunControl(options));
  return {found.field.to_mask(), found.air_ml, found.field_ml, std::move(found.notes)};
}

}  // namespace lungrt
