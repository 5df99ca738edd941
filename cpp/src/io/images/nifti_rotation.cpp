/// Rotations as quaternions, by the formulas of the NIfTI standard.

#include <algorithm>
#include <cmath>

#include "io/images/nifti.h"

namespace lungrt::io::nifti {
namespace {

/// Cofactors of a matrix: its determinant times its inverse, transposed.
Matrix3 cofactors(const Matrix3& m) {
  Matrix3 result;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const std::size_t i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
      result[i][j] = m[i1][j1] * m[i2][j2] - m[i1][j2] * m[i2][j1];
    }
  }
  return result;
}

double determinant(const Matrix3& m) {
  const Matrix3 c = cofactors(m);
  return m[0][0] * c[0][0] + m[0][1] * c[0][1] + m[0][2] * c[0][2];
}

/// Closest orthonormal matrix, by Newton's iteration for the polar decomposition. It converges
/// quadratically, and directions are orthonormal within 1e-3 to begin with.
Matrix3 orthonormal(Matrix3 m) {
  for (int step = 0; step < 4; ++step) {
    const Matrix3 c = cofactors(m);
    const double size = determinant(m);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) m[i][j] = 0.5 * (m[i][j] + c[i][j] / size);
    }
  }
  return m;
}

}  // namespace

Quaternion to_quaternion(Matrix3& rotation) {
  rotation = orthonormal(rotation);
  Matrix3 r = rotation;
  Quaternion q;
  if (determinant(r) < 0) {
    q.handedness = -1;
    for (Vec3& row : r) row[2] = -row[2];
  }
  const double a2 = 1 + r[0][0] + r[1][1] + r[2][2];  // 4 a^2
  if (a2 > 2) {
    const double a = 0.5 * std::sqrt(a2);
    q.b = 0.25 * (r[2][1] - r[1][2]) / a;
    q.c = 0.25 * (r[0][2] - r[2][0]) / a;
    q.d = 0.25 * (r[1][0] - r[0][1]) / a;
    return q;
  }
  // The largest of b, c and d is not close to 0, so that it can be divided by.
  const double b2 = 1 + r[0][0] - r[1][1] - r[2][2], c2 = 1 + r[1][1] - r[0][0] - r[2][2];
  const double d2 = 1 + r[2][2] - r[0][0] - r[1][1];
  double a = 0;
  if (b2 >= c2 && b2 >= d2) {
    q.b = 0.5 * std::sqrt(b2);
    q.c = 0.25 * (r[0][1] + r[1][0]) / q.b;
    q.d = 0.25 * (r[0][2] + r[2][0]) / q.b;
    a = 0.25 * (r[2][1] - r[1][2]) / q.b;
  } else if (c2 >= d2) {
    q.c = 0.5 * std::sqrt(c2);
    q.b = 0.25 * (r[0][1] + r[1][0]) / q.c;
    q.d = 0.25 * (r[1][2] + r[2][1]) / q.c;
    a = 0.25 * (r[0][2] - r[2][0]) / q.c;
  } else {
    q.d = 0.5 * std::sqrt(d2);
    q.b = 0.25 * (r[0][2] + r[2][0]) / q.d;
    q.c = 0.25 * (r[1][2] + r[2][1]) / q.d;
    a = 0.25 * (r[1][0] - r[0][1]) / q.d;
  }
  if (a < 0) {  // a is not stored: it must not be negative
    q.b = -q.b;
    q.c = -q.c;
    q.d = -q.d;
  }
  return q;
}

Affine from_quaternion(const Quaternion& quaternion, const Vec3& offset, const Vec3& spacing) {
  double b = quaternion.b, c = quaternion.c, d = quaternion.d;
  double a = 1.0 - (b * b + c * c + d * d);
  if (a < 1e-7) {  // a rotation by 180 degrees
    const double length = 1.0 / std::sqrt(b * b + c * c + d * d);
    b *= length;
    c *= length;
    d *= length;
    a = 0;
  } else {
    a = std::sqrt(a);
  }
  std::array<double, 3> scale;
  for (std::size_t i = 0; i < 3; ++i) scale[i] = spacing[i] > 0 ? spacing[i] : 1.0;
  if (quaternion.handedness < 0) scale[2] = -scale[2];
  const Matrix3 r{{{a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
                   {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
                   {2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b}}};
  Affine result;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) result[i][j] = r[i][j] * scale[j];
    result[i][3] = offset[i];
  }
  return result;
}

}  // namespace lungrt::io::nifti
