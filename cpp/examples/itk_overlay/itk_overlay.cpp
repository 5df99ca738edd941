/// ITK application: reads a CT with ITK, diagnoses it without copying the voxels, and draws every
/// nodule on its slice.
///
///     itk_overlay BUNDLE CT OUTPUT_FOLDER
///
/// CT is a folder of DICOM slices, or an .mha or .mhd file. The program writes nodule-1.png, ... to
/// OUTPUT_FOLDER: the slice of each nodule's centre, with its box in red.

#include <itkGDCMImageIO.h>
#include <itkGDCMSeriesFileNames.h>
#include <itkImageFileReader.h>
#include <itkImageFileWriter.h>
#include <itkImageSeriesReader.h>
#include <itkMetaImageIO.h>
#include <itkPNGImageIO.h>
#include <itkRGBPixel.h>
#include <lungrt/error.h>
#include <lungrt/pipeline.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace {

using Ct = itk::Image<std::int16_t, 3>;
using Picture = itk::Image<itk::RGBPixel<unsigned char>, 2>;

Ct::Pointer read(const std::string& path) {
  if (!std::filesystem::is_directory(path)) {
    const auto reader = itk::ImageFileReader<Ct>::New();
    reader->SetImageIO(itk::MetaImageIO::New());
    reader->SetFileName(path);
    reader->Update();
    return reader->GetOutput();
  }
  const auto names = itk::GDCMSeriesFileNames::New();
  names->SetDirectory(path);
  const auto reader = itk::ImageSeriesReader<Ct>::New();
  reader->SetImageIO(itk::GDCMImageIO::New());
  reader->SetFileNames(names->GetInputFileNames());
  reader->Update();
  return reader->GetOutput();
}

/// Wraps the image's voxels as a volume: they are not copied, and the pointer keeps them alive.
lungrt::CtVolume as_volume(const Ct::Pointer& image) {
  const auto size = image->GetBufferedRegion().GetSize();
  lungrt::Vec3 origin, spacing;
  lungrt::Matrix3 direction;
  for (unsigned axis = 0; axis < 3; ++axis) {
    origin[axis] = image->GetOrigin()[axis];
    spacing[axis] = image->GetSpacing()[axis];
    for (unsigned world = 0; world < 3; ++world) {
      direction[world][axis] = image->GetDirection()(world, axis);
    }
  }
  const lungrt::VolumeShape shape{static_cast<std::int64_t>(size[2]),
                                  static_cast<std::int64_t>(size[1]),
                                  static_cast<std::int64_t>(size[0])};
  return {image->GetBufferPointer(), shape, lungrt::Geometry(origin, spacing, direction),
          std::make_shared<Ct::Pointer>(image)};
}

/// Grey image of a slice, with air in black and bone in white.
Picture::Pointer slice_of(const lungrt::CtVolume& ct, std::int64_t slice) {
  constexpr double kBlack = -1100.0, kWhite = 400.0;  // HU
  const auto picture = Picture::New();
  picture->SetRegions(Picture::SizeType{{static_cast<itk::SizeValueType>(ct.shape().columns),
                                         static_cast<itk::SizeValueType>(ct.shape().rows)}});
  picture->Allocate();
  const std::int16_t* hu = ct.slice(slice);
  for (std::int64_t i = 0; i < ct.shape().slice_voxels(); ++i) {
    const double shade = std::clamp((hu[i] - kBlack) / (kWhite - kBlack), 0.0, 1.0);
    picture->GetBufferPointer()[i].Fill(static_cast<unsigned char>(255.0 * shade));
  }
  return picture;
}

/// Draws a frame a few pixels outside of a box, so that its content stays visible.
void frame(Picture& picture, const lungrt::VoxelBox& box) {
  constexpr std::int64_t kMargin = 4;
  const auto size = picture.GetBufferedRegion().GetSize();
  const auto inside = [](std::int64_t at, itk::SizeValueType count) {
    return std::clamp<std::int64_t>(at, 0, static_cast<std::int64_t>(count) - 1);
  };
  const std::int64_t left = inside(box.first.column - kMargin, size[0]);
  const std::int64_t right = inside(box.last.column + kMargin, size[0]);
  const std::int64_t top = inside(box.first.row - kMargin, size[1]);
  const std::int64_t bottom = inside(box.last.row + kMargin, size[1]);
  Picture::PixelType red;
  red[0] = 255;
  red[1] = red[2] = 40;
  for (std::int64_t x = left; x <= right; ++x) {
    picture.SetPixel({{x, top}}, red);
    picture.SetPixel({{x, bottom}}, red);
  }
  for (std::int64_t y = top; y <= bottom; ++y) {
    picture.SetPixel({{left, y}}, red);
    picture.SetPixel({{right, y}}, red);
  }
}

void write(const Picture::Pointer& picture, const std::string& path) {
  const auto writer = itk::ImageFileWriter<Picture>::New();
  writer->SetImageIO(itk::PNGImageIO::New());
  writer->SetFileName(path);
  writer->SetInput(picture);
  writer->Update();
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 4) return std::fputs("usage: itk_overlay BUNDLE CT OUTPUT_FOLDER\n", stderr), 2;
  const std::filesystem::path folder = arguments[3];
  const lungrt::CtVolume ct = as_volume(read(arguments[2]));
  const lungrt::Report report = lungrt::Pipeline(arguments[1]).run(ct);

  std::filesystem::create_directories(folder);
  int number = 0;
  for (const lungrt::Nodule& nodule : report.nodules) {
    const std::string name = "nodule-" + std::to_string(++number) + ".png";
    const Picture::Pointer picture = slice_of(ct, nodule.index.slice);
    frame(*picture, nodule.box);
    write(picture, (folder / name).string());
    std::printf("%s: slice %lld, %.0f mm, p = %.3f\n", name.c_str(),
                static_cast<long long>(nodule.index.slice), nodule.diameter_mm, nodule.p_nodule);
  }
  return 0;
} catch (const lungrt::Error& error) {
  return std::fprintf(stderr, "%s: %s\n", lungrt::to_string(error.code()), error.what()), 1;
} catch (const itk::ExceptionObject& error) {
  return std::fprintf(stderr, "%s\n", error.GetDescription()), 1;
}
