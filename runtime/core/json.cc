#include "core/json.h"

#include <cstdio>

#include "format/wire.h"

namespace xnnir {

std::string json_string(const std::string &text) {
  const bool utf8 = is_utf8(text.data(), text.size());
  std::string quoted = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", byte);
      quoted += escape;
    } else {
      quoted += byte >= 0x80 && !utf8 ? '?' : c;
    }
  }
  return quoted + "\"";
}

} // namespace xnnir
