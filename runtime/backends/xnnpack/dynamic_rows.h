// Values that are quantised when the graph runs, row by row: what XNNPACK must be kept from.
#pragma once

#include <vector>

#include "format/delegate_graph.h"

namespace xnnir {

class DynamicRows {
public:
  DynamicRows() = default;
  // `shapes` are those that the runtime is created with.
  DynamicRows(const DelegateGraph &graph, const std::vector<Shape> &shapes);

  // Refuses shapes for which XNNPACK would go wrong:
  // - It grows its table of row parameters only where the value as a whole grows, so more rows of fewer
  // numbers each
  //   would be written past the table's end.
  // - Its 4-bit kernels for AVX-512 with VNNI and GFNI work on 14 rows and read the parameters of 14, also
  // where there
  //   are fewer; older revisions provide 10 more than there are rows.
  Status check(const DelegateGraph &graph, const std::vector<Shape> &shapes);

private:
  struct Seen {
    uint32_t value = 0;
    bool feeds_four_bit = false;
    // The most so far.
    size_t rows = 0;
    size_t elements = 0;
  };
  std::vector<Seen> values_;
};

} // namespace xnnir
