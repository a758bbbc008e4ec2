// What applications hook into: logging, and profiles of instructions and nodes.
#include <mutex>

#include <gmock/gmock.h>

#include "program_builder.h"
#include "xnnir/kernel.h"
#include "xnnir/log.h"

namespace xnnir::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// number += 1, as the loop's counter.
Status increment(KernelContext &, Span<Value *> args) {
  *args[1] = std::get<int64_t>(*args[0]) + 1;
  return {};
}
Status is_three(KernelContext &, Span<Value *> args) {
  *args[1] = std::get<int64_t>(*args[0]) == 3;
  return {};
}
Status copy(KernelContext &, Span<Value *> args) {
  const Tensor &self = std::get<Tensor>(*args[0]);
  std::memcpy(std::get<Tensor>(*args[1]).data(), self.data(), self.nbytes());
  return {};
}
Status fail(KernelContext &, Span<Value *>) { return make_status(StatusCode::kInternal, "it broke"); }
const KernelRegistration kIncrement("hooks::increment", increment);
const KernelRegistration kIsThree("hooks::is_three", is_three);
const KernelRegistration kCopy("hooks::copy.out", copy);
const KernelRegistration kFail("hooks::fail", fail);

// Copies 12 floats three times.
std::vector<uint8_t> loop_file() {
  ProgramBuilder builder;
  const int32_t input = builder.tensor({{3, 4}});
  const int32_t output = builder.tensor({{3, 4}});
  const int32_t counter = builder.integer(0);
  const int32_t done = builder.boolean(false);
  builder.kernel_call("hooks::copy", "out", {input, output, output});
  builder.kernel_call("hooks::increment", "", {counter, counter});
  builder.kernel_call("hooks::is_three", "", {counter, done});
  builder.jump_false(done, 0);
  builder.inputs = {input};
  builder.outputs = {output};
  return builder.build();
}

TEST(Hooks, ProfileOfALoop) {
  const std::vector<uint8_t> file = loop_file();
  MethodOptions options;
  options.profile = true;
  Method method = load_forward(file, options);
  std::vector<float> input(12);
  ASSERT_TRUE(method.set_input(0, over(input, {3, 4})).ok());
  ASSERT_TRUE(method.execute().ok());
  const std::vector<ProfileEvent> &events = method.profile_events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].name, "hooks::copy.out");
  EXPECT_EQ(events[0].count, 3u);
  // Input and output, each once: the output is an argument twice.
  EXPECT_EQ(events[0].bytes, 3 * 2 * 12 * sizeof(float));
  EXPECT_EQ(events[1].bytes, 0u);
  const std::vector<ProfileSpan> &spans = method.profile_spans();
  ASSERT_EQ(spans.size(), 9u);
  uint64_t sum = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].event, i % 3);
    if (i > 0)
      EXPECT_GE(spans[i].start_nanoseconds, spans[i - 1].start_nanoseconds + spans[i - 1].nanoseconds);
    sum += i % 3 == 0 ? spans[i].nanoseconds : 0;
  }
  EXPECT_EQ(sum, events[0].nanoseconds);
  const std::string table = profile_table(events);
  EXPECT_THAT(table, HasSubstr("runs"));
  EXPECT_THAT(table, HasSubstr("288 B"));
  // Counted anew in each run.
  ASSERT_TRUE(method.execute().ok());
  EXPECT_EQ(method.profile_events()[0].count, 3u);
  EXPECT_EQ(method.profile_spans().size(), 9u);
}

struct Calls {
  std::vector<std::string> lines;
  uint64_t bytes = 0;
};

TEST(Hooks, InstructionsBeginAndEnd) {
  const std::vector<uint8_t> file = loop_file();
  Calls calls;
  MethodOptions options;
  options.profile_hooks = {[](void *context, const ProfileEvent &event) {
                             static_cast<Calls *>(context)->lines.push_back("begin " + event.name);
                           },
                           [](void *context, const ProfileEvent &event) {
                             static_cast<Calls *>(context)->lines.push_back("end " + event.name);
                             static_cast<Calls *>(context)->bytes += event.bytes;
                           },
                           &calls};
  Method method = load_forward(file, options);
  std::vector<float> input(12);
  ASSERT_TRUE(method.set_input(0, over(input, {3, 4})).ok());
  ASSERT_TRUE(method.execute().ok());
  ASSERT_EQ(calls.lines.size(), 18u);
  calls.lines.resize(4);
  EXPECT_THAT(calls.lines, ElementsAre("begin hooks::copy.out", "end hooks::copy.out",
                                       "begin hooks::increment", "end hooks::increment"));
  EXPECT_EQ(calls.bytes, 3u * 2 * 12 * sizeof(float));
  // Hooks alone leave no profile.
  EXPECT_TRUE(method.profile_events().empty());
  EXPECT_TRUE(method.profile_spans().empty());
}

TEST(Hooks, AFailureHasNoEnd) {
  ProgramBuilder builder;
  builder.kernel_call("hooks::fail", "", {builder.none()});
  const std::vector<uint8_t> file = builder.build();
  int balance = 0;
  MethodOptions options;
  options.profile = true;
  options.profile_hooks = {[](void *context, const ProfileEvent &) { ++*static_cast<int *>(context); },
                           [](void *context, const ProfileEvent &) { --*static_cast<int *>(context); },
                           &balance};
  Method method = load_forward(file, options);
  EXPECT_FALSE(method.execute().ok());
  EXPECT_EQ(balance, 1);
  EXPECT_TRUE(method.profile_events().empty());
}

// Names come from files, and have to be JSON's all the same.
TEST(Hooks, ProfilesAreJson) {
  ProfileEvent event;
  event.name = "a\"b\\c\n\x80";
  event.location = "naïve.py:1";
  event.nanoseconds = 1234567;
  const std::string json = profile_json({event});
  EXPECT_THAT(json, HasSubstr("\"name\": \"a\\\"b\\\\c\\u000a?\""));
  EXPECT_THAT(json, HasSubstr("naïve.py:1"));
  // A span of an event that is not there is left out.
  const std::string trace = profile_trace({event}, {{0, 1500, 2000}, {7, 0, 0}});
  EXPECT_THAT(trace, HasSubstr("\"ts\": 1.500, \"dur\": 2.000"));
  EXPECT_EQ(trace.find("\"ph\": \"X\""), trace.rfind("\"ph\": \"X\""));
}

struct Line {
  LogLevel level;
  std::string text;
};

void keep(void *context, LogLevel level, const char *message) {
  static_cast<std::vector<Line> *>(context)->push_back({level, message});
}

TEST(Hooks, LogsOfTheLevelsThatAreAskedFor) {
  std::vector<Line> lines;
  set_log_sink(keep, &lines, LogLevel::kDebug);
  const std::vector<uint8_t> file = loop_file();
  { Method method = load_forward(file); }
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.back().text, HasSubstr("loaded method 'forward'"));
  EXPECT_EQ(lines.back().level, LogLevel::kDebug);

  lines.clear();
  set_log_sink(keep, &lines, LogLevel::kWarning);
  { Method method = load_forward(file); }
  EXPECT_TRUE(lines.empty());
  // Nobody gets the status of a static registration, so it is logged; the first kernel stays.
  const KernelRegistration again("hooks::copy.out", fail);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0].text, HasSubstr("another kernel is registered as 'hooks::copy.out'"));
  EXPECT_EQ(find_kernel("hooks::copy.out").function, copy);

  set_log_sink(keep, &lines, LogLevel::kSilent);
  const KernelRegistration once_more("hooks::copy.out", fail);
  EXPECT_EQ(lines.size(), 1u);
  set_log_sink(nullptr, nullptr, LogLevel::kWarning);
  testing::internal::CaptureStderr();
  const KernelRegistration last("hooks::copy.out", fail);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("xnnir: warning: another kernel"));
}

} // namespace

} // namespace xnnir::test
