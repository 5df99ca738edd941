#include "lungrt/goldens.h"

#include <utility>

#include "core/bundle/safetensors.h"
#include "core/text.h"

namespace lungrt {
namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& problem) {
  throw Error(ErrorCode::kBadBundle, file + ": " + problem + "; export the bundle again");
}

GoldenTensor take(Safetensors& content, const std::string& name, const std::string& file) {
  auto node = content.tensors.extract(name);
  StoredTensor& tensor = node.mapped();
  if (tensor.values.empty()) refuse(file, "tensor " + name + " has no values");
  return {std::move(tensor.shape), std::move(tensor.values)};
}

}  // namespace

std::vector<Golden> read_goldens(const std::string& file) {
  Safetensors content = read_safetensors(file);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : content.tensors) names.push_back(name);
  std::vector<Golden> goldens;
  const std::size_t pairs = names.size() / 2;
  for (std::size_t n = 0; n < pairs; ++n) {
    const std::string input = "input_" + std::to_string(n), output = "output_" + std::to_string(n);
    if (content.tensors.count(input) == 0 || content.tensors.count(output) == 0) break;
    goldens.push_back({take(content, input, file), take(content, output, file)});
  }
  if (goldens.empty() || !content.tensors.empty()) {
    refuse(file, "expected the tensors input_0, output_0, input_1, ..., found " +
                     (names.empty() ? "none" : text::listed(names, ", ", 20)));
  }
  return goldens;
}

}  // namespace lungrt
