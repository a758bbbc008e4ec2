// Counts what decoding a file takes, against what its caller allows.
#pragma once

#include <cstddef>

#include "xnnir/limits.h"
#include "xnnir/status.h"

namespace xnnir {

class TableBudget {
public:
  explicit TableBudget(const Limits &limits) : limit_(limits.max_table_bytes), left_(limit_) {}

  // Before `count` items of `size` bytes are decoded. `field` is where they stand in the file.
  Status take(const char *field, size_t count, size_t size) {
    if (size == 0 || count <= left_ / size) {
      left_ -= count * size;
      return {};
    }
    return make_status(StatusCode::kOutOfResources,
                       "%s has %zu entries, and with those the file's tables exceed the %zu bytes that "
                       "Limits::max_table_bytes allows",
                       field, count, limit_);
  }

private:
  size_t limit_;
  size_t left_;
};

} // namespace xnnir
