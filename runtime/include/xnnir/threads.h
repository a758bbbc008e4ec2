// How many threads programs use.
#pragma once

#include <cstddef>

namespace xnnir {

// What a program gets that asks for no number of threads: the machine's performance cores (physical ones, as
// cpuinfo counts them), but no more than this process may run on.
size_t default_thread_count();

// The most that a program may ask for.
constexpr size_t kMaxThreadCount = 1024;

} // namespace xnnir
