/// Writing masks as image files in the CT's geometry.

#include <itkImageIOBase.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "io/image_file.h"
#include "io/image_formats.h"
#include "io/utf8.h"
#include "lungrt/error.h"
#include "lungrt/io.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;

/// Temporary folder beside a file, to write the file in. The destructor removes it.
class Aside {
 public:
  explicit Aside(const fs::path& path) {
    std::string name = path.parent_path() / ("." + path.filename().string() + ".XXXXXX");
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error(ErrorCode::kIo, path.string() + ": cannot be written (" +
                                      std::generic_category().message(errno) + ")");
    }
    folder_ = name;
  }
  ~Aside() {
    std::error_code ignored;  // a folder that is left behind does no harm to the results
    fs::remove_all(folder_, ignored);
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

void write(const fs::path& path, const void* voxels, itk::IOComponentEnum type,
           const Report& report) {
  const Aside aside(path);
  const fs::path written = aside.folder() / path.filename();
  const itk::ImageIOBase::Pointer writer = io::image_io(path.filename().string());
  const std::array<std::int64_t, 3> sizes{report.shape.columns, report.shape.rows,
                                          report.shape.slices};
  const Geometry& geometry = report.geometry;
  itk::ImageIORegion region(3);
  writer->SetNumberOfDimensions(3);
  for (unsigned axis = 0; axis < 3; ++axis) {
    writer->SetDimensions(axis, static_cast<itk::SizeValueType>(sizes[axis]));
    region.SetSize(axis, static_cast<itk::SizeValueType>(sizes[axis]));
    writer->SetOrigin(axis, geometry.origin_mm()[axis]);
    writer->SetSpacing(axis, geometry.spacing_mm()[axis]);
    std::vector<double> along(3);
    for (unsigned world = 0; world < 3; ++world) along[world] = geometry.direction()[world][axis];
    writer->SetDirection(axis, along);
  }
  writer->SetPixelType(itk::IOPixelEnum::SCALAR);
  writer->SetNumberOfComponents(1);
  writer->SetComponentType(type);
  writer->SetUseCompression(true);
  writer->SetFileName(written.string());
  writer->SetIORegion(region);
  try {
    writer->Write(voxels);
    io::validate_image_file(written);
    fs::rename(written, path);
  } catch (const itk::ExceptionObject& error) {
    throw Error(ErrorCode::kIo,
                path.string() + ": cannot be written (" + io::itk_reason(error) + ")");
  } catch (const Error&) {
    throw Error(ErrorCode::kIo,
                path.string() +
                    ": cannot be written (the written file is incomplete; is the disk "
                    "full?)");
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::kIo,
                path.string() + ": cannot be written (" + error.code().message() + ")");
  }
}

void write(const fs::path& path, const NoduleMask& mask, const Report& report) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(report.shape.voxels()));
  mask.to_bytes(bytes.data());
  write(path, bytes.data(), itk::IOComponentEnum::UCHAR, report);
}

}  // namespace

void make_mask_folder(const std::string& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure && !fs::is_directory(folder, failure) && !failure) {
    failure = std::make_error_code(std::errc::not_a_directory);
  }
  if (failure) {
    throw Error(ErrorCode::kIo,
                folder + ": the folder for masks cannot be created (" + failure.message() + ")");
  }
  const Aside attempt(fs::path(folder) / "masks");
}

std::vector<std::string> write_masks(const std::string& folder, const Report& report,
                                     const std::string& format) {
  if (format != "nii.gz" && format != "nrrd" && format != "mha") {
    throw Error(ErrorCode::kInvalidArgument,
                "unknown mask format '" + format + "': expected nii.gz, nrrd or mha");
  }
  if (!report.masks) {
    throw Error(ErrorCode::kInvalidArgument,
                "the report has no masks; run the pipeline with keep_masks");
  }
  make_mask_folder(folder);
  const auto place = [&](const char* name) { return fs::path(folder) / (name + ("." + format)); };
  const fs::path field = place("lung_field"), mask = place("nodule_mask"), labels = place("labels");
  write(field, report.masks->lung_field, report);
  write(mask, report.masks->nodules, report);
  write(labels, report.masks->labels.labels.data(), itk::IOComponentEnum::INT, report);
  return {field.string(), mask.string(), labels.string()};
}

}  // namespace lungrt
