// Products of matrices, for kernels that come down to one.
#pragma once

#include "kernels/parallel.h"

namespace xnnir {

// Columns of the right-hand matrix that are packed at once, and rows: what stays in the second level of
// cache, and on the stack.
constexpr size_t kPanelRows = 256;
template <typename T> constexpr size_t kPanelColumns = 256 / sizeof(T);

// out[i, j] = sum over p of a[i, p] * panel[p, j], added to what is there where `accumulate`, for j below
// `columns`. Rows of `a` and `out` are a stride apart; the panel's are dense, with kPanelColumns of which
// those from `columns` on are zeros.
void multiply_panel(size_t rows, size_t columns, size_t depth, const float *a, size_t a_stride,
                    const float *panel, bool accumulate, float *out, size_t out_stride);
void multiply_panel(size_t rows, size_t columns, size_t depth, const double *a, size_t a_stride,
                    const double *panel, bool accumulate, double *out, size_t out_stride);
void multiply_panel(size_t rows, size_t columns, size_t depth, const int64_t *a, size_t a_stride,
                    const int64_t *panel, bool accumulate, int64_t *out, size_t out_stride);

// The sum of a[i] * b[i].
float dot(const float *a, const float *b, size_t count);
double dot(const double *a, const double *b, size_t count);
int64_t dot(const int64_t *a, const int64_t *b, size_t count);

// A batch of products of dense matrices, [rows, depth] times [depth, columns].
template <typename T> struct MatrixProduct {
  size_t batch;
  size_t rows;
  size_t columns;
  size_t depth;
  // Dense; product i has matrix i % a_count.
  const T *a;
  size_t a_count;
  T *out;
};

// Computes a product whose right-hand matrices `pack(batch, row, rows, column, columns, panel)` gives in
// parts: it writes the elements of those rows and columns to panel[r * kPanelColumns<T> + c].
template <typename T, typename Pack>
void multiply(pthreadpool *threads, const MatrixProduct<T> &product, const Pack &pack) {
  constexpr size_t kWidth = kPanelColumns<T>;
  // A panel that is packed is used for so many rows.
  constexpr size_t kRows = 128;
  const size_t column_blocks = (product.columns + kWidth - 1) / kWidth;
  const size_t row_blocks = (product.rows + kRows - 1) / kRows;
  const size_t blocks = column_blocks * row_blocks;
  const size_t cost = std::min(product.rows, kRows) * kWidth * std::max<size_t>(product.depth, 1) / 8;
  parallel_for(threads, product.batch * blocks, cost, [&](size_t start, size_t count) {
    alignas(64) T panel[kPanelRows * kWidth];
    for (size_t i = start; i < start + count; ++i) {
      const size_t batch = i / blocks;
      const size_t row = i % blocks / column_blocks * kRows;
      const size_t column = i % column_blocks * kWidth;
      const size_t rows = std::min(kRows, product.rows - row);
      const size_t columns = std::min(kWidth, product.columns - column);
      const T *a = product.a + (batch % product.a_count * product.rows + row) * product.depth;
      T *out = product.out + (batch * product.rows + row) * product.columns + column;
      // Once too for a depth of 0, which gives zeros.
      size_t depth = 0;
      do {
        const size_t part = std::min(kPanelRows, product.depth - depth);
        if (columns < kWidth)
          std::fill_n(panel, part * kWidth, T{});
        pack(batch, depth, part, column, columns, panel);
        multiply_panel(rows, columns, part, a + depth, product.depth, panel, depth > 0, out, product.columns);
        depth += part;
      } while (depth < product.depth);
    }
  });
}

// Right-hand matrices in memory, `step` elements from one to the next (0 repeats it): element [r, c] is
// b[r * row_stride + c * column_stride], where one of the strides is 1.
template <typename T>
void multiply(pthreadpool *threads, const MatrixProduct<T> &product, const T *b, size_t step,
              size_t row_stride, size_t column_stride) {
  // Few rows do not pay for the transposition of a panel.
  constexpr size_t kFewRows = 4;
  if (row_stride == 1 && product.rows < kFewRows) {
    const size_t count = product.rows * product.columns;
    parallel_for(threads, product.batch * count, product.depth / 2, [&](size_t start, size_t size) {
      for (size_t i = start; i < start + size; ++i) {
        const size_t batch = i / count;
        const size_t row = i % count / product.columns;
        product.out[i] = dot(product.a + (batch % product.a_count * product.rows + row) * product.depth,
                             b + batch * step + i % product.columns * column_stride, product.depth);
      }
    });
    return;
  }
  multiply(threads, product,
           [&](size_t batch, size_t row, size_t rows, size_t column, size_t columns, T *panel) {
             const T *from = b + batch * step + row * row_stride + column * column_stride;
             if (column_stride == 1)
               for (size_t r = 0; r < rows; ++r)
                 std::copy_n(from + r * row_stride, columns, panel + r * kPanelColumns<T>);
             else
               for (size_t c = 0; c < columns; ++c)
                 for (size_t r = 0; r < rows; ++r)
                   panel[r * kPanelColumns<T> + c] = from[r * row_stride + c * column_stride];
           });
}

} // namespace xnnir
