// reader CT VOXELS.raw    reads a CT with lungrt::io, writes its voxels and prints its place: shape
//                         (slices, rows, columns), spacing, origin (x, y, z)

#include <lungrt/error.h>
#include <lungrt/io.h>

#include <cstdio>
#include <fstream>
#include <iostream>

int main(int count, char** arguments) try {
  if (count != 3) return std::fputs("see the top of reader.cpp\n", stderr), 2;
  const lungrt::CtVolume volume = lungrt::read_ct(arguments[1]);
  const lungrt::VolumeShape& shape = volume.shape();
  std::ofstream(arguments[2], std::ios::binary)
      .write(reinterpret_cast<const char*>(volume.data()), std::streamsize(2 * shape.voxels()));
  std::cout << shape.slices << ' ' << shape.rows << ' ' << shape.columns;
  for (const double value : volume.geometry().spacing_mm()) std::cout << ' ' << value;
  for (const double value : volume.geometry().origin_mm()) std::cout << ' ' << value;
  std::cout << '\n';
  return 0;
} catch (const lungrt::Error& error) {
  return std::fprintf(stderr, "%s: %s\n", lungrt::to_string(error.code()), error.what()), 1;
}
