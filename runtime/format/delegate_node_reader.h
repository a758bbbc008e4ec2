// Checks the fields of one node, and keeps the first thing that is wrong.
#pragma once

#include <string>
#include <vector>

#include "format/delegate_graph.h"
#include "format/delegate_values.h"

namespace xnnir {

// Calls after the first refusal do nothing, so that a reader can list its fields and look at status() once.
class DelegateNodeReader {
public:
  // Extents (kernels, strides, dilations, paddings) above this are refused: XNNPACK multiplies them in 32
  // bits.
  static constexpr uint32_t kMaxExtent = 1u << 20;

  // `written` has, for each value, whether something before this node gives it its contents.
  DelegateNodeReader(const DelegateGraph &graph, const ValueIds &ids, std::vector<bool> &written,
                     DelegateNode &node)
      : graph_(graph), ids_(ids), written_(written), node_(node) {}

  void input(uint32_t id, const char *field);
  // Absent when the id is kNoValue.
  void optional_input(uint32_t id, const char *field);
  void output(uint32_t id, const char *field);
  // XNN_FLAG_* bits; `known` are those that the node may have.
  void flags(uint32_t flags, uint32_t known);
  // 1 to kMaxExtent.
  uint32_t extent(uint32_t value, const char *field);
  // 0 to kMaxExtent.
  uint32_t padding(uint32_t value, const char *field);
  uint32_t positive(uint32_t value, const char *field);
  float finite(float value, const char *field);
  // A vector of `num_dims` sizes.
  template <typename Vector>
  std::vector<size_t> sizes(const Vector *vector, uint32_t num_dims, const char *field) {
    const uint32_t count = vector == nullptr ? 0 : vector->size();
    if (count != num_dims)
      refuse(field,
             "has " + std::to_string(count) + " entries, expected num_dims, " + std::to_string(num_dims));
    if (count > kMaxDelegateRank)
      refuse(field, "has " + std::to_string(count) + " entries, expected at most " +
                        std::to_string(kMaxDelegateRank));
    std::vector<size_t> result;
    for (uint32_t i = 0; ok() && i < count; ++i)
      result.push_back(vector->Get(i));
    return result;
  }
  // "xnodes[12].xnode_union.<field> <complaint>". An empty field means the node as a whole.
  void refuse(const char *field, const std::string &complaint, StatusCode code = StatusCode::kInvalidProgram);

  bool ok() const { return status_.ok(); }
  const Status &status() const { return status_; }
  DelegateNode &node() { return node_; }

private:
  // Index of the value with that id; kNoValue after a refusal.
  uint32_t find(uint32_t id, const char *field);

  const DelegateGraph &graph_;
  const ValueIds &ids_;
  std::vector<bool> &written_;
  DelegateNode &node_;
  Status status_;
};

} // namespace xnnir
