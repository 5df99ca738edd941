/// A network of one of the two families as its artifact `weights.safetensors` has it.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "core/safetensors.h"
#include "native/kernels.h"

namespace lungrt::native {

/// A member of the 2-D U-Net family; see lungrt.models.UNetOptions.
struct UnetOptions {
  int in_channels = 7;
  int out_channels = 1;
  std::vector<int> widths{16, 32, 64};
  bool bilinear = false;  ///< up_mode "upsample"
  bool batch_norm = true;
  bool input_batch_norm = true;
  bool padding = true;
  bool max_pooling = false;
  Activation activation = Activation::kRelu;
  double batch_norm_eps = 1e-5;
};

/// A member of the 3-D classifier family; see lungrt.models.ClassifierOptions.
struct ClassifierOptions {
  int out_channels = 2;
  std::vector<int> widths{8, 16, 32, 64};
  bool tail_batch_norm = true;
  std::array<int, 3> crop{32, 48, 48};
  Activation activation = Activation::kRelu;
  double batch_norm_eps = 1e-5;
};

/// The tensors of a file, handed out by name and shape; each must be asked for.
class Tensors {
 public:
  Tensors(Safetensors file, std::string where) : file_(std::move(file)), where_(std::move(where)) {}

  /// \throws Error kBadBundle where it is missing or has another shape
  const std::vector<float>& take(const std::string& name, const std::vector<std::int64_t>& shape);
  /// \throws Error kBadBundle where there are tensors that nobody took
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

/// \throws Error kBadBundle        not such a file, or a damaged one
/// \throws Error kUnsupportedVersion  of a newer format, or of another architecture
NetworkFile read_network_file(const std::filesystem::path& file);

/// What a safetensors file holds, as a network.
/// \param where  names it in messages
/// \throws Error as read_network_file
NetworkFile parse_network_file(Safetensors stored, const std::string& where);

/// y = scale * x + shift of a batch norm that is no longer trained, channel by channel.
struct BatchNorm {
  std::vector<float> scale, shift;
};
/// \param name  of the layer in the file
BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, int channels, double eps);
/// The map that changes nothing.
BatchNorm identity_norm(int channels);

}  // namespace lungrt::native
