// XNNPACK's own benchmark network behind the worker protocol of session.py: "run N" is answered with the
// seconds of each of N inferences. Built by xnnpack_own.py against XNNPACK's sources, which hold the networks
// (bench/models).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <pthreadpool.h>
#include <xnnpack.h>

#include "models/models.h"
#include "xnnpack/allocator.h"
#include "xnnpack/subgraph.h"

namespace {

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "error: %s failed\n", what);
  std::exit(1);
}

void check(xnn_status status, const char *what) {
  if (status != xnn_status_success)
    fail(what);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    fail("expected a network and a number of threads; reading them");
  check(xnn_initialize(nullptr), "xnn_initialize");
  const std::string network = argv[1];
  xnn_subgraph_t subgraph = network == "mobilenet_v1"   ? models::FP32MobileNetV1()
                            : network == "mobilenet_v2" ? models::FP32MobileNetV2()
                                                        : nullptr;
  if (subgraph == nullptr)
    fail("making the network");
  const size_t threads = std::strtoul(argv[2], nullptr, 10);
  pthreadpool_t pool = threads > 1 ? pthreadpool_create(threads) : nullptr;
  std::vector<xnn_external_value> externals;
  for (uint32_t id = 0; id < subgraph->num_values; id++) {
    const xnn_value &value = subgraph->values[id];
    if ((value.flags & (XNN_VALUE_FLAG_EXTERNAL_INPUT | XNN_VALUE_FLAG_EXTERNAL_OUTPUT)) != 0)
      externals.push_back({id, xnn_allocate_zero_simd_memory(xnn_tensor_get_size(&value) + XNN_EXTRA_BYTES)});
  }
  xnn_runtime_t runtime = nullptr;
  check(xnn_create_runtime_v4(subgraph, nullptr, nullptr, pool, 0, &runtime), "xnn_create_runtime_v4");
  check(xnn_reshape_runtime(runtime), "xnn_reshape_runtime");
  check(xnn_setup_runtime_v2(runtime, externals.size(), externals.data()), "xnn_setup_runtime_v2");
  check(xnn_invoke_runtime(runtime), "xnn_invoke_runtime");
  std::cout << "\"ready\"" << std::endl;
  std::string command;
  size_t count = 0;
  while (std::cin >> command >> count) {
    std::cout << '[';
    for (size_t i = 0; i < count; i++) {
      const auto start = std::chrono::steady_clock::now();
      check(xnn_invoke_runtime(runtime), "xnn_invoke_runtime");
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      std::cout << (i != 0 ? ", " : "") << seconds.count();
    }
    std::cout << ']' << std::endl;
  }
  return 0;
}
