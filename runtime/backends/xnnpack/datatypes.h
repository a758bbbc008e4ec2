// Which datatypes each kind of node takes.
#pragma once

#include "format/delegate_graph.h"

namespace xnnir {

// Refuses combinations of datatypes, quantisation parameters and constness that XNNPACK lacks. XNNPACK checks
// some of this itself, but for others it has undefined behaviour, so nothing else may reach it.
Status check_datatypes(const DelegateGraph &graph, const DelegateNode &node);

} // namespace xnnir
