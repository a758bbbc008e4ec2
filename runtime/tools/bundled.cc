#include "tools/bundled.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tools/npy.h"

namespace xnnir {

namespace {

template <typename T> T load(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

double half_to_double(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const double mantissa = bits & 0x3ff;
  const double magnitude = exponent == 0x1f ? (mantissa == 0 ? HUGE_VAL : std::nan(""))
                           : exponent == 0  ? std::ldexp(mantissa, -24)
                                            : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double element(ScalarType dtype, const uint8_t *bytes) {
  switch (dtype) {
  case ScalarType::kByte:
  case ScalarType::kQUInt8:
  case ScalarType::kBool:
    return *bytes;
  case ScalarType::kChar:
  case ScalarType::kQInt8:
    return load<int8_t>(bytes);
  case ScalarType::kShort:
    return load<int16_t>(bytes);
  case ScalarType::kInt:
  case ScalarType::kQInt32:
    return load<int32_t>(bytes);
  case ScalarType::kLong:
    return static_cast<double>(load<int64_t>(bytes));
  case ScalarType::kUInt16:
    return load<uint16_t>(bytes);
  case ScalarType::kUInt32:
    return load<uint32_t>(bytes);
  case ScalarType::kUInt64:
    return static_cast<double>(load<uint64_t>(bytes));
  case ScalarType::kHalf:
    return half_to_double(load<uint16_t>(bytes));
  case ScalarType::kBFloat16: {
    const uint32_t bits = static_cast<uint32_t>(load<uint16_t>(bytes)) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  case ScalarType::kFloat:
    return load<float>(bytes);
  case ScalarType::kDouble:
    return load<double>(bytes);
  }
  return 0;
}

std::string describe(const Tensor &tensor) {
  std::string text = std::string(to_string(tensor.dtype())) + "[";
  for (size_t i = 0; i < tensor.rank(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(tensor.sizes()[i]);
  return text + "]";
}

// Infinities are close to themselves only, NaNs to NaNs.
bool is_close(double got, double expected, const Tolerance &tolerance, double &difference) {
  const bool nan = std::isnan(got) || std::isnan(expected);
  const bool same = nan ? std::isnan(got) && std::isnan(expected) : got == expected;
  difference = same ? 0 : nan ? std::numeric_limits<double>::infinity() : std::fabs(got - expected);
  return same || difference <= tolerance.atol + tolerance.rtol * std::fabs(expected);
}

void compare_tensors(const Tensor &got, const Tensor &expected, const std::string &name,
                     const Tolerance &tolerance, TestCaseResult &result) {
  if (got.dtype() != expected.dtype() || got.rank() != expected.rank() ||
      !std::equal(got.sizes().begin(), got.sizes().end(), expected.sizes().begin())) {
    result.failure = name + " is " + describe(got) + ", expected " + describe(expected);
    return;
  }
  const std::vector<uint8_t> got_bytes = in_c_order(got);
  const std::vector<uint8_t> expected_bytes = in_c_order(expected);
  const size_t bytes = element_size(got.dtype());
  size_t wrong = 0;
  size_t first = 0;
  for (size_t n = 0; n < got.numel(); ++n) {
    const uint8_t *left = got_bytes.data() + n * bytes;
    const uint8_t *right = expected_bytes.data() + n * bytes;
    if (std::memcmp(left, right, bytes) == 0)
      continue;
    double difference = 0;
    const double other = element(got.dtype(), right);
    bool close = is_close(element(got.dtype(), left), other, tolerance, difference);
    // Doubles do not tell all integers of 64 bits apart.
    if (difference == 0 && (got.dtype() == ScalarType::kLong || got.dtype() == ScalarType::kUInt64)) {
      difference = 1;
      close = difference <= tolerance.atol + tolerance.rtol * std::fabs(other);
    }
    if (!close && wrong++ == 0)
      first = n;
    result.largest_difference = std::max(result.largest_difference, difference);
  }
  if (wrong != 0)
    result.failure = name + ": " + std::to_string(wrong) + " of " + std::to_string(got.numel()) +
                     " elements differ, the first is element " + std::to_string(first);
}

void compare_scalars(const Value &got, const Value &expected, const std::string &name,
                     const Tolerance &tolerance, TestCaseResult &result) {
  bool close = got.index() == expected.index();
  if (const auto *number = std::get_if<double>(&expected); number != nullptr && close) {
    double difference = 0;
    close = is_close(std::get<double>(got), *number, tolerance, difference);
    result.largest_difference = std::max(result.largest_difference, difference);
  } else if (close) {
    close = std::holds_alternative<bool>(expected) ? std::get<bool>(got) == std::get<bool>(expected)
                                                   : std::get<int64_t>(got) == std::get<int64_t>(expected);
  }
  if (!close)
    result.failure = name + " is another " + kind_of(got) + " than the " + kind_of(expected) + " expected";
}

TestCaseResult run_test_case(const BundledTestCase &test_case, Method &method, const Tolerance &tolerance) {
  TestCaseResult result;
  // A case knows nothing of those before it.
  method.reset();
  Status status = method.set_inputs(Span<const Value>(test_case.inputs));
  if (status.ok())
    status = method.execute();
  const size_t count = method.metadata().outputs.size();
  if (!status.ok())
    result.failure = status.message();
  else if (!test_case.expected_outputs.empty() && test_case.expected_outputs.size() != count)
    result.failure = "the file expects " + std::to_string(test_case.expected_outputs.size()) +
                     " outputs, but the method gives " + std::to_string(count);
  for (size_t i = 0; i < test_case.expected_outputs.size() && result.failure.empty(); ++i) {
    const std::string name = "output " + std::to_string(i);
    const auto *got = std::get_if<Tensor>(&method.output(i));
    const auto *expected = std::get_if<Tensor>(&test_case.expected_outputs[i]);
    if (got != nullptr && expected != nullptr)
      compare_tensors(*got, *expected, name, tolerance, result);
    else
      compare_scalars(method.output(i), test_case.expected_outputs[i], name, tolerance, result);
    ++result.compared;
  }
  return result;
}

} // namespace

Result<std::vector<TestCaseResult>> run_test_cases(const Program &program, Method &method, int only,
                                                   const Tolerance &tolerance) {
  const std::string &name = method.metadata().name;
  Result<std::vector<BundledTestCase>> cases = program.bundled_test_cases(name);
  if (!cases.ok())
    return cases.status();
  if (cases->empty())
    return make_status(StatusCode::kNotFound,
                       "the file has no test cases for method '%s': it is no .bpte file, or has none for it",
                       name.c_str());
  if (only >= 0 && static_cast<size_t>(only) >= cases->size())
    return make_status(StatusCode::kNotFound, "the file has no test case %d for method '%s': it has 0 to %zu",
                       only, name.c_str(), cases->size() - 1);
  std::vector<TestCaseResult> results;
  for (size_t i = 0; i < cases->size(); ++i)
    if (only < 0 || static_cast<size_t>(only) == i)
      results.push_back(run_test_case((*cases)[i], method, tolerance));
  return results;
}

} // namespace xnnir
