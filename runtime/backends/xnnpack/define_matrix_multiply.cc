#include "backends/xnnpack/node_table.h"

namespace xnnir {

xnn_status define_fully_connected(const NodeDefinition &definition) {
  const DelegateNode &node = definition.node();
  return xnn_define_fully_connected(definition.subgraph(), node.output_min, node.output_max,
                                    definition.input(0), definition.input(1), definition.optional_input(2),
                                    definition.output(), node.flags);
}

xnn_status define_batch_matrix_multiply(const NodeDefinition &definition) {
  return xnn_define_batch_matrix_multiply(definition.subgraph(), definition.input(0), definition.input(1),
                                          definition.output(), definition.node().flags);
}

} // namespace xnnir
