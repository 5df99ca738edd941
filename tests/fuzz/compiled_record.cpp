#include "core/bundle/compiled_record.h"

#include "check.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

StageManifest small_segmentation() {
  StageManifest stage;
  stage.kind = StageKind::kSegmentation;
  stage.input.context_slices = 3;
  stage.input.size_multiple = 4;
  stage.input.halo = 20;
  stage.classes = {"nodule"};
  return stage;
}

}  // namespace

void compiled_record(std::string_view input) {
  static const StageManifest stage = small_segmentation();
  accepts({ErrorCode::kBadBundle, ErrorCode::kUnsupportedVersion}, [&] {
    const CompiledRecord record = parse_compiled_record(input, "model.json", stage);
    check(record.input_shape.size() == 4 && record.output_shape.size() == 4, "rank");
    check(record.output_shape[2] == record.input_shape[2] - 2 * stage.input.halo, "halo");
    check(record.output_shape[2] > 0 && record.output_shape[3] > 0, "an output without pixels");
    check(record.model.file == "model.pt2", "another file than the one beside the record");
  });
}

}  // namespace lungrt::fuzz
