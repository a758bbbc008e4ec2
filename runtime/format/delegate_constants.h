// Bytes of a delegate's constants: weights and scales.
#pragma once

#include <string>

#include "format/delegate_graph.h"
#include "xnnir_schema/xnnpack_generated.h"

namespace xnnir {

struct ConstantBytes {
  Span<const uint8_t> bytes;
  // How many bytes after the end can be read. 0 for named data: a map promises nothing beyond what it
  // returns.
  size_t slack = 0;
};

// Looks constants up by index, wherever the blob keeps them: in named data, behind the flatbuffer (XN01), or
// in the flatbuffer (XN00).
class DelegateConstants {
public:
  DelegateConstants(const schema::xnnpack::XNNGraph &graph, Span<const uint8_t> inline_data,
                    const NamedDataMap &named_data)
      : graph_(graph), inline_data_(inline_data), named_data_(named_data) {}

  // `field` says who asks, for messages ("xvalues[3].xvalue_union.constant_buffer_idx"). The result has at
  // least `needed` bytes.
  Result<ConstantBytes> find(uint32_t index, size_t needed, const std::string &field) const;

private:
  Result<ConstantBytes> find_unsized(uint32_t index, const std::string &field) const;

  const schema::xnnpack::XNNGraph &graph_;
  Span<const uint8_t> inline_data_;
  const NamedDataMap &named_data_;
};

} // namespace xnnir
