// Text that goes into JSON.
#pragma once

#include <string>

namespace xnnir {

// With its quotes. Bytes that are not UTF-8, as names in a file can have, become "?".
std::string json_string(const std::string &text);

} // namespace xnnir
