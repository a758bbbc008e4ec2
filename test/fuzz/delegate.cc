// The reader of delegate blobs: any bytes are a graph, or refused.
#include "delegate_data.h"
#include "format/delegate_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace xnnir;
  const auto graph = read_delegate({data, size}, fuzz::any_named_data(), kNodeKindCount,
                                   fuzz::small_limits().max_tensor_bytes);
  fuzz::expect_message(graph.status());
  return 0;
}
