// What xnn-run prints.
#pragma once

#include <string>
#include <vector>

#include "xnnir/method_meta.h"
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
};

void print_text(const RunReport &report);
void print_json(const RunReport &report);

} // namespace xnnir
