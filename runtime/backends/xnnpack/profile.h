// Times of a runtime's operators, by node of the graph they stand for.
#pragma once

#include <string>
#include <vector>

#include "backends/xnnpack/xnnpack_types.h"
#include "format/delegate_graph.h"
#include "xnnir/profile.h"

namespace xnnir {

class Profile {
public:
  // Off: events() is empty.
  Profile() = default;
  // `graph` is what the runtime was compiled from, with profiling.
  Profile(const DelegateGraph &graph, xnn_runtime_t runtime);

  // Of the last run, which had `shapes` by value of the graph. XNNPACK counts in microseconds.
  std::vector<ProfileEvent> events(xnn_runtime_t runtime, const DelegateGraph &graph,
                                   const std::vector<Shape> &shapes) const;

private:
  // One for each operator, but for the time.
  std::vector<ProfileEvent> operators_;
  // Whether operator i is the graph's node i.
  bool one_each_ = false;
};

} // namespace xnnir
