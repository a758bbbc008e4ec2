#include "backends/xnnpack/dynamic_rows.h"

#include <algorithm>

#include <cpuinfo.h>
#include <xnnpack.h>

namespace xnnir {
namespace {

constexpr size_t kWideTile = 14;

#ifdef XNN_EXTRA_QUANTIZATION_PARAMS
constexpr size_t kSpareParameters = XNN_EXTRA_QUANTIZATION_PARAMS;
#else
constexpr size_t kSpareParameters = kWideTile;
#endif

bool has_wide_four_bit_kernels() { return cpuinfo_has_x86_avx512vnni() && cpuinfo_has_x86_gfni(); }

// A single row has a kernel of its own; otherwise the last tile reads parameters up to its full height.
bool lacks_row_parameters(size_t rows) {
  const size_t tiled = (rows + kWideTile - 1) / kWideTile * kWideTile;
  return rows > 1 && tiled > rows + kSpareParameters && has_wide_four_bit_kernels();
}

bool is_four_bit(Datatype type) { return type == Datatype::kQCInt4 || type == Datatype::kQBInt4; }

void count(const Shape &shape, size_t num_nonbatch_dims, size_t *rows, size_t *elements) {
  *rows = 1;
  *elements = 1;
  for (size_t i = 0; i < shape.rank; ++i) {
    *elements *= shape[i];
    if (i + num_nonbatch_dims < shape.rank)
      *rows *= shape[i];
  }
}

} // namespace

DynamicRows::DynamicRows(const DelegateGraph &graph, const std::vector<Shape> &shapes) {
  for (uint32_t v = 0; v < graph.values.size(); ++v) {
    if (graph.values[v].quantization.kind != Quantization::Kind::kPerRow)
      continue;
    Seen seen;
    seen.value = v;
    count(shapes[v], graph.values[v].quantization.num_nonbatch_dims, &seen.rows, &seen.elements);
    for (const DelegateNode &node : graph.nodes)
      if (node.kind == NodeKind::kFullyConnected && node.inputs[0] == v)
        seen.feeds_four_bit = seen.feeds_four_bit || is_four_bit(graph.values[node.inputs[1]].datatype);
    values_.push_back(seen);
  }
}

Status DynamicRows::check(const DelegateGraph &graph, const std::vector<Shape> &shapes) {
  for (Seen &seen : values_) {
    size_t rows = 0;
    size_t elements = 0;
    count(shapes[seen.value], graph.values[seen.value].quantization.num_nonbatch_dims, &rows, &elements);
    if (rows > seen.rows && elements <= seen.elements)
      return make_status(
          StatusCode::kNotSupported,
          "xvalues[%u] would have shape %s, with more rows but no more elements than before: XNNPACK "
          "has no room for their parameters. Load the method anew for this shape",
          graph.values[seen.value].position, to_string(shapes[seen.value]).c_str());
    if (seen.feeds_four_bit && lacks_row_parameters(rows))
      return make_status(
          StatusCode::kNotSupported,
          "xvalues[%u] has shape %s: this revision of XNNPACK computes wrong products of %zu rows with "
          "4-bit weights on this machine. Pad to 4 rows more, or build against a newer XNNPACK",
          graph.values[seen.value].position, to_string(shapes[seen.value]).c_str(), rows);
    seen.rows = std::max(seen.rows, rows);
    seen.elements = std::max(seen.elements, elements);
  }
  return {};
}

} // namespace xnnir
