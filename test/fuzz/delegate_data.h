// Named data for delegates: the same numbers under every name, but for the places of nodes.
#pragma once

#include "fuzz.h"
#include "xnnir/backend.h"

namespace xnnir::fuzz {

class AnyNamedData final : public NamedDataMap {
public:
  AnyNamedData() : numbers_(kBytes, ScalarType::kFloat) {}
  Result<Span<const uint8_t>> get(const std::string &key) const override {
    if (key.empty() || key[0] == '-')
      return make_status(StatusCode::kNotFound, "there is no '%s'", key.c_str());
    return Span<const uint8_t>(numbers_.data(), kBytes);
  }

private:
  static constexpr size_t kBytes = 4096;
  Block numbers_;
};

inline const NamedDataMap &any_named_data() {
  static const AnyNamedData data;
  return data;
}

} // namespace xnnir::fuzz
