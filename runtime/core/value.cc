#include "xnnir/value.h"

namespace xnnir {

const char *kind_of(const Value &value) {
  static constexpr const char *kNames[] = {"none",
                                           "int",
                                           "bool",
                                           "double",
                                           "tensor",
                                           "string",
                                           "int list",
                                           "double list",
                                           "bool list",
                                           "tensor list",
                                           "optional tensor list"};
  static_assert(std::variant_size_v<Value> == sizeof(kNames) / sizeof(kNames[0]));
  return kNames[value.index()];
}

} // namespace xnnir
