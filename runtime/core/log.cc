#include "xnnir/log.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>

namespace xnnir {

namespace {

struct Sink {
  std::mutex mutex;
  LogSink function = nullptr;
  void *context = nullptr;
  std::atomic<LogLevel> least{LogLevel::kWarning};
};

// Never destroyed, and made at first use: registrations log during static initialisation.
Sink &sink() {
  static auto *sink = new Sink();
  return *sink;
}

} // namespace

const char *to_string(LogLevel level) {
  switch (level) {
  case LogLevel::kDebug:
    return "debug";
  case LogLevel::kInfo:
    return "info";
  case LogLevel::kWarning:
    return "warning";
  case LogLevel::kSilent:
    break;
  }
  return "silent";
}

void set_log_sink(LogSink function, void *context, LogLevel least) {
  Sink &it = sink();
  const std::lock_guard<std::mutex> lock(it.mutex);
  it.function = function;
  it.context = context;
  it.least = least;
}

bool is_logged(LogLevel level) { return level < LogLevel::kSilent && level >= sink().least; }

void log(LogLevel level, const char *format, ...) {
  if (!is_logged(level))
    return;
  char message[1024];
  std::va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  if (length < 0)
    return;
  Sink &it = sink();
  const std::lock_guard<std::mutex> lock(it.mutex);
  if (it.function != nullptr)
    it.function(it.context, level, message);
  else
    std::fprintf(stderr, "xnnir: %s: %s\n", to_string(level), message);
}

} // namespace xnnir
