// What xnn-run prints.
#pragma once

#include <string>
#include <vector>

#include "tools/bundled.h"
#include "xnnir/method_meta.h"
#include "xnnir/packed_weights.h"
#include "xnnir/profile.h"

namespace xnnir {

struct RunReport {
  std::string model;
  std::string method;
  size_t threads = 0;
  double load_milliseconds = 0;
  // First run, apart because memory is touched and shapes set in it.
  double first_milliseconds = 0;
  // One for each timed run.
  std::vector<double> milliseconds;
  // Mean over the profiled runs; empty without a profile.
  std::vector<ProfileEvent> events;
  MethodMeta metadata;
  // Files that outputs were written to.
  std::vector<std::string> written;
  // Whether a file of packed weights was asked for, and what came of it.
  bool has_packed_cache = false;
  PackedCacheInfo packed_cache;
};

// Messages quote names in the file, and a damaged file may have anything there.
std::string printable(std::string text);

void print_text(const RunReport &report);
void print_json(const RunReport &report);
// `first` is the number of the first of them. kInternal, with the number of those that failed, when some did.
Status print_test_cases(const RunReport &report, const std::vector<TestCaseResult> &results, int first,
                        bool json);

} // namespace xnnir
