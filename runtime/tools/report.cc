#include "tools/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "core/json.h"
#include "format/wire.h"

namespace xnnir {

namespace {

struct Statistics {
  double min = 0;
  double median = 0;
  double mean = 0;
  double max = 0;
};

Statistics summarize(std::vector<double> times) {
  Statistics statistics;
  if (times.empty())
    return statistics;
  std::sort(times.begin(), times.end());
  const size_t half = times.size() / 2;
  statistics.min = times.front();
  statistics.max = times.back();
  statistics.median = times.size() % 2 != 0 ? times[half] : (times[half - 1] + times[half]) / 2;
  statistics.mean = std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  return statistics;
}

std::string describe(const ValueMeta &value) {
  if (value.kind != "tensor")
    return value.kind;
  std::string text = std::string(to_string(value.tensor.dtype)) + "[";
  for (size_t i = 0; i < value.tensor.sizes.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(value.tensor.sizes[i]);
  text += "]";
  if (value.tensor.dynamism != ShapeDynamism::kStatic)
    text += " at most";
  const std::vector<uint8_t> &order = value.tensor.dim_order;
  if (!std::is_sorted(order.begin(), order.end())) {
    text += " dim_order";
    for (const uint8_t dim : order)
      text += " " + std::to_string(dim);
  }
  return text;
}

void print_json_values(const char *key, const std::vector<ValueMeta> &values) {
  std::printf("  \"%s\": [", key);
  for (size_t i = 0; i < values.size(); ++i)
    std::printf("%s%s", i > 0 ? ", " : "", json_string(describe(values[i])).c_str());
  std::printf("],\n");
}

void print_packed_cache(const PackedCacheInfo &info) {
  std::printf("  weights    %zu (%.1f MB) were in the packed cache, %zu (%.1f MB) were packed%s\n", info.read,
              static_cast<double>(info.read_bytes) / 1e6, info.packed,
              static_cast<double>(info.packed_bytes) / 1e6, info.written ? " and kept there" : "");
  if (!info.message.empty())
    std::printf("  note       %s\n", printable(info.message).c_str());
}

// JSON has no infinity.
std::string json_number(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", number);
  return std::isfinite(number) ? text : "null";
}

} // namespace

std::string printable(std::string text) {
  const bool utf8 = is_utf8(text.data(), text.size());
  for (char &c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!utf8 && static_cast<unsigned char>(c) >= 0x80))
      c = '?';
  return text;
}

void print_text(const RunReport &report) {
  std::printf("%s: method %s, %zu %s\n", report.model.c_str(), report.method.c_str(), report.threads,
              report.threads == 1 ? "thread" : "threads");
  for (size_t i = 0; i < report.metadata.inputs.size(); ++i)
    std::printf("  input %zu   %s\n", i, describe(report.metadata.inputs[i]).c_str());
  for (size_t i = 0; i < report.metadata.outputs.size(); ++i)
    std::printf("  output %zu  %s%s%s\n", i, describe(report.metadata.outputs[i]).c_str(),
                i < report.written.size() && !report.written[i].empty() ? " -> " : "",
                i < report.written.size() ? report.written[i].c_str() : "");
  if (report.has_packed_cache)
    print_packed_cache(report.packed_cache);
  const Statistics statistics = summarize(report.milliseconds);
  std::printf("  load       %.3f ms\n  first run  %.3f ms\n", report.load_milliseconds,
              report.first_milliseconds);
  std::printf("  run        min %.3f ms, median %.3f ms, mean %.3f ms over %zu\n", statistics.min,
              statistics.median, statistics.mean, report.milliseconds.size());
  if (!report.events.empty())
    std::printf("\n%s", profile_table(report.events).c_str());
}

void print_json(const RunReport &report) {
  const Statistics statistics = summarize(report.milliseconds);
  std::printf("{\n  \"model\": %s,\n  \"method\": %s,\n  \"threads\": %zu,\n",
              json_string(report.model).c_str(), json_string(report.method).c_str(), report.threads);
  print_json_values("inputs", report.metadata.inputs);
  print_json_values("outputs", report.metadata.outputs);
  std::printf("  \"written\": [");
  for (size_t i = 0; i < report.written.size(); ++i)
    std::printf("%s%s", i > 0 ? ", " : "", json_string(report.written[i]).c_str());
  std::printf("],\n  \"load_ms\": %.6f,\n  \"first_ms\": %.6f,\n  \"runs\": %zu,\n", report.load_milliseconds,
              report.first_milliseconds, report.milliseconds.size());
  std::printf("  \"min_ms\": %.6f,\n  \"median_ms\": %.6f,\n  \"mean_ms\": %.6f,\n  \"max_ms\": %.6f,\n",
              statistics.min, statistics.median, statistics.mean, statistics.max);
  if (report.has_packed_cache) {
    const PackedCacheInfo &info = report.packed_cache;
    std::printf("  \"packed_cache\": {\"read\": %zu, \"read_bytes\": %llu, \"packed\": %zu, "
                "\"packed_bytes\": %llu, \"written\": %s, \"message\": %s},\n",
                info.read, static_cast<unsigned long long>(info.read_bytes), info.packed,
                static_cast<unsigned long long>(info.packed_bytes), info.written ? "true" : "false",
                json_string(printable(info.message)).c_str());
  }
  std::printf("  \"profile\": %s\n}\n", profile_json(report.events).c_str());
}

Status print_test_cases(const RunReport &report, const std::vector<TestCaseResult> &results, int first,
                        bool json) {
  size_t failed = 0;
  if (json)
    std::printf("{\n  \"model\": %s,\n  \"method\": %s,\n  \"test_cases\": [\n",
                json_string(report.model).c_str(), json_string(report.method).c_str());
  else
    std::printf("%s: method %s, %zu test %s\n", report.model.c_str(), report.method.c_str(), results.size(),
                results.size() == 1 ? "case" : "cases");
  for (size_t i = 0; i < results.size(); ++i) {
    const TestCaseResult &result = results[i];
    const size_t number = static_cast<size_t>(first) + i;
    failed += result.failure.empty() ? 0 : 1;
    if (json)
      std::printf(
          "    {\"test_case\": %zu, \"compared\": %zu, \"largest_difference\": %s, \"failure\": %s}%s\n",
          number, result.compared, json_number(result.largest_difference).c_str(),
          json_string(printable(result.failure)).c_str(), i + 1 < results.size() ? "," : "");
    else if (!result.failure.empty())
      std::printf("  case %zu   FAILED: %s; largest difference %g\n", number,
                  printable(result.failure).c_str(), result.largest_difference);
    else if (result.compared == 0)
      std::printf("  case %zu   ran; the file does not say what to expect\n", number);
    else
      std::printf("  case %zu   %zu %s as expected, largest difference %g\n", number, result.compared,
                  result.compared == 1 ? "output" : "outputs", result.largest_difference);
  }
  if (json)
    std::printf("  ]\n}\n");
  if (failed != 0)
    return make_status(StatusCode::kInternal, "%zu of %zu test cases failed", failed, results.size());
  return {};
}

} // namespace xnnir
