// Packs the weights of a graph before its runtime is created, or finds them packed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "backends/xnnpack/packed_pool.h"
#include "backends/xnnpack/weights_provider.h"
#include "format/delegate_graph.h"

struct pthreadpool;

namespace xnnir {

struct PackingOptions {
  // Null: the calling thread alone.
  pthreadpool *threads = nullptr;
  // Null: nothing is shared.
  PackedPool *pool = nullptr;
  // Of the constants' bytes; may be null.
  const ByteSources *sources = nullptr;
};

struct PackedWeights {
  std::vector<std::shared_ptr<const void>> owners;
  // How many came from the file, and how many were packed here.
  size_t read = 0;
  size_t packed = 0;
  uint64_t read_bytes = 0;
  uint64_t packed_bytes = 0;
};

// Creates the operator of a node on its own, with this cache of weights, and deletes it. Called from several
// threads at once.
using CreateAlone = std::function<xnn_status(const DelegateNode &node, xnn_weights_cache_t cache)>;

// XNNPACK packs one operator after the other when it creates a runtime, into memory that it gets from malloc.
// Here each node is created on its own instead, on all threads, into memory that is taken at once, and
// `lookup` gets the result: the runtime that is created with it finds nearly everything packed. What XNNPACK
// packs without asking first (depthwise and transposed convolutions), and what it packs from a copy of its
// own, it packs as before.
//
// `data` has the address at which XNNPACK reads each constant. The owners must outlive the runtime.
Result<PackedWeights> pack_weights(const DelegateGraph &graph, const std::vector<const void *> &data,
                                   const CreateAlone &create_alone, const PackingOptions &options,
                                   PackedLookup &lookup);

} // namespace xnnir
