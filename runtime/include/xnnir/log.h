// What the runtime says beside the statuses that calls return.
#pragma once

#include <cstdint>

#include "xnnir/status.h"

namespace xnnir {

// A failure that a call returns is not logged as well.
enum class LogLevel : uint8_t {
  kDebug = 0,   // programs and methods that are loaded: sizes, times
  kInfo = 1,    // what costs more than it has to: a program that had to be copied
  kWarning = 2, // what is likely a mistake and has nobody to be returned to: a second kernel of one name
  kSilent = 3,
};

const char *to_string(LogLevel level);

// One line, without a newline. May be called from any thread, and must not throw or log itself.
using LogSink = void (*)(void *context, LogLevel level, const char *message);

// Has messages of `least` and above go to `sink`; null for stderr, where warnings go unless this is called.
// When it returns, no message is on its way to the sink before.
void set_log_sink(LogSink sink, void *context, LogLevel least);

bool is_logged(LogLevel level);
// Costs nothing but a comparison when the level is not logged. For backends and kernels, too.
void log(LogLevel level, const char *format, ...) XNNIR_PRINTF(2, 3);

} // namespace xnnir
