// xnn-run: runs a method of a program on random or given inputs, times and profiles it.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/bundled.h"
#include "tools/inputs.h"
#include "tools/npy.h"
#include "tools/report.h"
#include "xnnir/program.h"

namespace {

using xnnir::Result;
using xnnir::Status;
using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string model;
  std::string method = "forward";
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::string output_dir;
  std::vector<std::string> data;
  std::string packed_cache_path;
  xnnir::WorkspaceSharingMode workspace_sharing_mode = xnnir::WorkspaceSharingMode::kDisabled;
  size_t repeat = 10;
  size_t warmup = 1;
  size_t threads = 0;
  uint64_t seed = 0;
  bool profile = false;
  std::string profile_json;
  std::string profile_trace;
  bool json = false;
  bool test_cases = false;
  int test_case = -1;
  xnnir::Tolerance tolerance;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Result<double> run_once(xnnir::Method &method) {
  const Clock::time_point start = Clock::now();
  XNNIR_RETURN_IF_ERROR(method.execute());
  return milliseconds_since(start);
}

// Adds a run's events to the sum of those before; all runs of a method have the same events.
void accumulate(const std::vector<xnnir::ProfileEvent> &events, std::vector<xnnir::ProfileEvent> &sum) {
  if (sum.size() != events.size()) {
    sum = events;
    return;
  }
  for (size_t i = 0; i < events.size(); ++i)
    sum[i].nanoseconds += events[i].nanoseconds;
}

Status time_runs(xnnir::Method &method, const Arguments &arguments, xnnir::RunReport &report) {
  Result<double> first = run_once(method);
  if (!first.ok())
    return first.status();
  report.first_milliseconds = *first;
  for (size_t i = 1; i < arguments.warmup; ++i)
    XNNIR_RETURN_IF_ERROR(method.execute());
  for (size_t i = 0; i < arguments.repeat; ++i) {
    Result<double> time = run_once(method);
    if (!time.ok())
      return time.status();
    report.milliseconds.push_back(*time);
    if (arguments.profile)
      accumulate(method.profile_events(), report.events);
  }
  for (xnnir::ProfileEvent &event : report.events)
    event.nanoseconds /= arguments.repeat;
  return {};
}

Status write_outputs(const xnnir::Method &method, const Arguments &arguments, xnnir::RunReport &report) {
  const size_t count = report.metadata.outputs.size();
  if (!arguments.outputs.empty() && arguments.outputs.size() != count)
    return xnnir::make_status(xnnir::StatusCode::kInvalidArgument,
                              "%zu files were given for outputs, but method '%s' gives %zu",
                              arguments.outputs.size(), arguments.method.c_str(), count);
  if (arguments.outputs.empty() && arguments.output_dir.empty())
    return {};
  for (size_t i = 0; i < count; ++i) {
    const std::string path = arguments.outputs.empty()
                                 ? arguments.output_dir + "/output_" + std::to_string(i) + ".npy"
                                 : arguments.outputs[i];
    const auto *tensor = std::get_if<xnnir::Tensor>(&method.output(i));
    if (tensor == nullptr)
      return xnnir::make_status(xnnir::StatusCode::kNotSupported,
                                "output %zu is of kind %s, which has no .npy form", i,
                                xnnir::kind_of(method.output(i)));
    XNNIR_RETURN_IF_ERROR(xnnir::write_npy(path, *tensor));
    report.written.push_back(path);
  }
  return {};
}

Status write_text(const std::string &path, const std::string &text) {
  std::FILE *file = path.empty() ? nullptr : std::fopen(path.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int reason = errno;
  if (file == nullptr || std::fclose(file) != 0 || !written)
    return xnnir::make_status(xnnir::StatusCode::kAccessFailed, "cannot write '%s': %s", path.c_str(),
                              std::strerror(written ? errno : reason));
  return {};
}

// Times of events are means over the runs; the trace is the last run.
Status write_profile(const xnnir::Method &method, const Arguments &arguments,
                     const xnnir::RunReport &report) {
  if (!arguments.profile_json.empty())
    XNNIR_RETURN_IF_ERROR(write_text(arguments.profile_json, xnnir::profile_json(report.events) + "\n"));
  if (!arguments.profile_trace.empty())
    XNNIR_RETURN_IF_ERROR(write_text(arguments.profile_trace,
                                     xnnir::profile_trace(method.profile_events(), method.profile_spans())));
  return {};
}

Status run(const Arguments &arguments) {
  xnnir::RunReport report;
  report.model = arguments.model;
  report.method = arguments.method;
  const Clock::time_point start = Clock::now();
  xnnir::ProgramOptions program_options;
  program_options.num_threads = arguments.threads;
  program_options.packed_cache_path = arguments.packed_cache_path;
  program_options.workspace_sharing_mode = arguments.workspace_sharing_mode;
  for (const std::string &path : arguments.data)
    program_options.data.push_back(xnnir::Source::file(path));
  Result<xnnir::Program> program = xnnir::Program::load_file(arguments.model, program_options);
  if (!program.ok())
    return program.status();
  xnnir::MethodOptions method_options;
  method_options.profile = arguments.profile;
  Result<xnnir::Method> method = program->load_method(arguments.method, method_options);
  if (!method.ok())
    return method.status();
  report.load_milliseconds = milliseconds_since(start);
  report.threads = program->num_threads();
  report.metadata = method->metadata();
  report.has_packed_cache = !arguments.packed_cache_path.empty();
  report.packed_cache = program->packed_cache_info();

  if (arguments.test_cases) {
    Result<std::vector<xnnir::TestCaseResult>> results =
        xnnir::run_test_cases(*program, *method, arguments.test_case, arguments.tolerance);
    if (!results.ok())
      return results.status();
    return print_test_cases(report, *results, std::max(arguments.test_case, 0), arguments.json);
  }
  Result<xnnir::Inputs> inputs = xnnir::make_inputs(report.metadata, arguments.inputs, arguments.seed);
  if (!inputs.ok())
    return inputs.status();
  XNNIR_RETURN_IF_ERROR(method->set_inputs(xnnir::Span<const xnnir::Value>(inputs->values)));
  XNNIR_RETURN_IF_ERROR(time_runs(*method, arguments, report));
  XNNIR_RETURN_IF_ERROR(write_outputs(*method, arguments, report));
  XNNIR_RETURN_IF_ERROR(write_profile(*method, arguments, report));
  if (arguments.json)
    print_json(report);
  else
    print_text(report);
  return {};
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app("Runs a method of a .pte program: random or .npy inputs, timing, per-op profile.", "xnn-run");
  // On Windows, too, what begins with a slash is a path.
  app.allow_windows_style_options(false);
  app.add_option("model", arguments.model, "the .pte or .bpte file")->required();
  app.add_option("--method", arguments.method, "method to run")->capture_default_str();
  app.add_option("--input", arguments.inputs, "an .npy file for each input, in order (default: random)");
  app.add_option("--output", arguments.outputs, "an .npy file for each output, in order");
  app.add_option("--output-dir", arguments.output_dir, "folder for output_<n>.npy");
  app.add_option("--repeat", arguments.repeat, "timed runs")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--warmup", arguments.warmup, "untimed runs before, at least one")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--threads", arguments.threads, "threads (default: the machine's performance cores)");
  app.add_option("--data", arguments.data, "a .ptd file with what the program keeps outside")
      ->take_all()
      ->expected(1);
  app.add_option("--packed-cache-path", arguments.packed_cache_path,
                 "a file of packed weights: read, and written where it lacks some");
  const std::map<std::string, xnnir::WorkspaceSharingMode> modes = {
      {"disabled", xnnir::WorkspaceSharingMode::kDisabled},
      {"per-model", xnnir::WorkspaceSharingMode::kPerModel},
      {"global", xnnir::WorkspaceSharingMode::kGlobal}};
  app.add_option("--workspace-sharing-mode", arguments.workspace_sharing_mode,
                 "which delegates share the memory of their inner values: disabled, per-model, global")
      ->transform(CLI::CheckedTransformer(modes, CLI::ignore_case).description(""));
  app.add_option("--seed", arguments.seed, "of random inputs")->capture_default_str();
  app.add_flag("--profile", arguments.profile, "time each instruction and each node of the delegates");
  app.add_option("--profile-json", arguments.profile_json, "a file for the profile; implies --profile");
  app.add_option(
      "--profile-trace", arguments.profile_trace,
      "a file for the last run as chrome://tracing and ui.perfetto.dev open it; implies --profile");
  app.add_flag("--bundled", arguments.test_cases,
               "run the test cases of a .bpte file and compare with the outputs that it expects");
  app.add_option("--test-case", arguments.test_case, "only this one, from 0; implies --bundled")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rtol", arguments.tolerance.rtol, "of --bundled: may differ by atol + rtol * |expected|")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--atol", arguments.tolerance.atol, "of --bundled")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--json", arguments.json, "print one JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    std::fprintf(stderr, "error: %s (see xnn-run --help)\n", error.what());
    return 1;
  }
  arguments.test_cases |= arguments.test_case >= 0;
  arguments.profile |= !arguments.profile_json.empty() || !arguments.profile_trace.empty();
  try {
    const Status status = run(arguments);
    if (status.ok())
      return 0;
    std::fprintf(stderr, "error: %s\n", xnnir::printable(status.message()).c_str());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  return 1;
}
