// Profiles as text, for people and for other programs.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "core/json.h"
#include "xnnir/profile.h"

namespace xnnir {

namespace {

// Appends what printf would print; for numbers, so that a short buffer is enough.
template <typename... Arguments> void append(std::string &text, const char *format, Arguments... arguments) {
  char part[128];
  std::snprintf(part, sizeof(part), format, arguments...);
  text += part;
}

std::string microseconds(uint64_t nanoseconds) {
  std::string text;
  append(text, "%" PRIu64 ".%03" PRIu64, nanoseconds / 1000, nanoseconds % 1000);
  return text;
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string readable_bytes(uint64_t bytes) {
  std::string text;
  if (bytes == 0)
    return text;
  if (bytes < 10'000)
    append(text, "%" PRIu64 " B", bytes);
  else if (bytes < 10'000'000)
    append(text, "%.1f kB", static_cast<double>(bytes) / 1e3);
  else
    append(text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

} // namespace

std::string profile_table(const std::vector<ProfileEvent> &events) {
  uint64_t total = 0;
  size_t width = 4;
  bool repeats = false;
  for (const ProfileEvent &event : events) {
    total += event.node < 0 ? event.nanoseconds : 0;
    width = std::max(width, event.name.size() + (event.node < 0 ? 0 : 2));
    repeats = repeats || event.count > 1;
  }
  std::string text = " instr  node  " + padded("op", width);
  text += repeats ? "      runs" : "";
  text += "         us      %      bytes  location\n";
  for (const ProfileEvent &event : events) {
    append(text, "%6d ", event.instruction);
    if (event.node >= 0)
      append(text, "%5d  ", event.node);
    else
      text += "       ";
    text += padded((event.node < 0 ? "" : "  ") + event.name, width);
    if (repeats)
      append(text, " %9" PRIu64, event.count);
    const double share = total == 0 ? 0 : static_cast<double>(event.nanoseconds) / static_cast<double>(total);
    append(text, " %10.1f %6.1f %10s", static_cast<double>(event.nanoseconds) / 1e3, 100.0 * share,
           readable_bytes(event.bytes).c_str());
    text += event.location.empty() ? "\n" : "  " + event.location + "\n";
  }
  return text;
}

std::string profile_json(const std::vector<ProfileEvent> &events) {
  std::string text = "[";
  for (const ProfileEvent &event : events) {
    text += text.size() > 1 ? ",\n    " : "\n    ";
    append(text, "{\"instruction\": %d, \"node\": %d, \"name\": ", event.instruction, event.node);
    text += json_string(event.name) + ", \"location\": " + json_string(event.location);
    append(text, ", \"ns\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"count\": %" PRIu64 "}", event.nanoseconds,
           event.bytes, event.count);
  }
  return text + (events.empty() ? "]" : "\n  ]");
}

std::string profile_trace(const std::vector<ProfileEvent> &events, const std::vector<ProfileSpan> &spans) {
  std::string text =
      "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
      "  {\"ph\": \"M\", \"pid\": 1, \"name\": \"process_name\", \"args\": {\"name\": \"xnnir\"}},\n"
      "  {\"ph\": \"M\", \"pid\": 1, \"tid\": 1, \"name\": \"thread_name\", "
      "\"args\": {\"name\": \"execute\"}}";
  for (const ProfileSpan &span : spans) {
    if (span.event >= events.size())
      continue;
    const ProfileEvent &event = events[span.event];
    text += ",\n  {\"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"name\": " + json_string(event.name);
    text += event.node < 0 ? ", \"cat\": \"instruction\"" : ", \"cat\": \"node\"";
    text +=
        ", \"ts\": " + microseconds(span.start_nanoseconds) + ", \"dur\": " + microseconds(span.nanoseconds);
    append(text, ", \"args\": {\"instruction\": %d", event.instruction);
    if (event.node >= 0)
      append(text, ", \"node\": %d", event.node);
    if (event.bytes > 0)
      append(text, ", \"bytes\": %" PRIu64, event.bytes / event.count);
    if (!event.location.empty())
      text += ", \"location\": " + json_string(event.location);
    text += "}}";
  }
  return text + "\n]}\n";
}

} // namespace xnnir
