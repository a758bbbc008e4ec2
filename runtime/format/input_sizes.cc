#include "format/input_sizes.h"

#include <cstring>

namespace xnnir {

namespace {

constexpr size_t kColumns = 7;
// Keeps arithmetic on sizes far from overflow.
constexpr int64_t kLargest = int64_t{1} << 62;

bool fits(const InputSize &size, const MethodPlan &method) {
  const Value &value = method.values[static_cast<size_t>(method.inputs[size.input])];
  if (size.dimension == -1)
    return std::holds_alternative<int64_t>(value);
  const auto *tensor = std::get_if<Tensor>(&value);
  return tensor != nullptr && size.dimension >= 0 && static_cast<size_t>(size.dimension) < tensor->rank();
}

} // namespace

Status read_input_sizes(Span<const uint8_t> rows, MethodPlan &method, TableBudget &budget) {
  constexpr size_t kRowBytes = kColumns * sizeof(int64_t);
  if (rows.size() % kRowBytes != 0)
    return make_status(StatusCode::kInvalidProgram, "named data '%s%s' has %zu bytes, expected rows of %zu",
                       kInputSizesKey, method.name.c_str(), rows.size(), kRowBytes);
  XNNIR_RETURN_IF_ERROR(budget.take(kInputSizesKey, rows.size() / kRowBytes, sizeof(InputSize)));
  for (size_t row = 0; row < rows.size() / kRowBytes; ++row) {
    int64_t columns[kColumns];
    for (size_t i = 0; i < kColumns; ++i) {
      const uint8_t *bytes = rows.data() + row * kRowBytes + i * sizeof(int64_t);
      uint64_t bits = 0;
      for (size_t byte = 0; byte < sizeof(int64_t); ++byte)
        bits |= static_cast<uint64_t>(bytes[byte]) << (8 * byte);
      std::memcpy(&columns[i], &bits, sizeof(bits));
    }
    const auto refuse = [&](const char *what, int64_t got) {
      return make_status(StatusCode::kInvalidProgram, "named data '%s%s': row %zu has %s %lld",
                         kInputSizesKey, method.name.c_str(), row, what, static_cast<long long>(got));
    };
    if (columns[0] < 0 || static_cast<uint64_t>(columns[0]) >= method.inputs.size())
      return refuse("an input that does not exist:", columns[0]);
    const InputSize size{static_cast<size_t>(columns[0]),
                         columns[1],
                         columns[2],
                         columns[3],
                         columns[4],
                         columns[5],
                         columns[6]};
    if (!fits(size, method))
      return refuse("a dimension that its input does not have:", size.dimension);
    if (size.scale < 1 || size.scale > INT32_MAX)
      return refuse("a scale below 1 or too large:", size.scale);
    if (size.offset < -kLargest || size.offset > kLargest)
      return refuse("an offset out of range:", size.offset);
    if (size.smallest < -kLargest || size.smallest > size.largest || size.largest > kLargest)
      return refuse("limits out of range, the smallest being", size.smallest);
    method.input_sizes.push_back(size);
  }
  return {};
}

} // namespace xnnir
