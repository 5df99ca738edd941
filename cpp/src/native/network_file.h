/// Weights files: a network of one of the two families in its artifact `weights.safetensors`.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "core/bundle/safetensors.h"
#include "native/kernels.h"

namespace lungrt::native {

/// Options of a network of the 2-D U-Net family; see lungrt.models.UNetOptions.
struct UnetOptions {
  int in_channels = 7;
  int out_channels = 1;
  std::vector<int> widths{16, 32, 64};
  /// Channels of every convolution of a pruned network: two for each level from full resolution
  /// down, then for each level upwards that of the upsampling and two more. Empty: as `widths`.
  std::vector<int> convolution_widths{};
  bool bilinear = false;  ///< up_mode "upsample"
  bool batch_norm = true;
  bool input_batch_norm = true;
  bool padding = true;
  bool max_pooling = false;
  Activation activation = Activation::kRelu;
  double batch_norm_eps = 1e-5;
};

/// Options of a network of the 3-D classifier family; see lungrt.models.ClassifierOptions.
struct ClassifierOptions {
  int out_channels = 2;
  std::vector<int> widths{8, 16, 32, 64};
  bool tail_batch_norm = true;
  std::array<int, 3> crop{32, 48, 48};
  Activation activation = Activation::kRelu;
  double batch_norm_eps = 1e-5;
};

/// Tensors of a file. A network takes each of them by name and shape; none may be left.
class Tensors {
 public:
  Tensors(Safetensors file, std::string where) : file_(std::move(file)), where_(std::move(where)) {}

  /// Returns a tensor's values.
  /// \throws Error kBadBundle where the tensor is missing or has another shape
  const std::vector<float>& take(const std::string& name, const std::vector<std::int64_t>& shape);
  /// \throws Error kBadBundle where there are tensors that were not taken
  void require_all_taken() const;

 private:
  Safetensors file_;
  std::string where_;
  std::vector<std::string> taken_;
};

struct NetworkFile {
  std::variant<UnetOptions, ClassifierOptions> options;
  Tensors tensors;
};

/// Reads a weights file.
/// \throws Error kBadBundle           where it is not a weights file, or damaged
/// \throws Error kUnsupportedVersion  where its format is newer, or its architecture is unknown
NetworkFile read_network_file(const std::filesystem::path& file);

/// Makes a network of the content of a safetensors file.
/// \param where  the file, for messages
/// \throws Error as read_network_file
NetworkFile parse_network_file(Safetensors stored, const std::string& where);

/// Batch norm at inference, per channel: y = scale * x + shift.
struct BatchNorm {
  std::vector<float> scale, shift;
};
/// Takes the tensors of a batch norm.
/// \param name  of the layer in the file
BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, int channels, double eps);
/// Batch norm that changes nothing.
BatchNorm identity_norm(int channels);

}  // namespace lungrt::native
