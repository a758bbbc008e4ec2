#include "format/wire.h"

namespace xnnir {

bool is_utf8(const char *text, size_t length) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(text);
  size_t i = 0;
  while (i < length) {
    const uint8_t lead = bytes[i];
    const size_t following = lead < 0x80   ? 0
                             : lead < 0xc2 ? 4
                             : lead < 0xe0 ? 1
                             : lead < 0xf0 ? 2
                             : lead < 0xf5 ? 3
                                           : 4;
    if (following == 4 || following >= length - i)
      return false;
    for (size_t j = 1; j <= following; ++j)
      if ((bytes[i + j] & 0xc0) != 0x80)
        return false;
    // Overlong forms, surrogates and what is beyond U+10FFFF.
    const uint8_t second = following > 0 ? bytes[i + 1] : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90))
      return false;
    i += following + 1;
  }
  return true;
}

} // namespace xnnir
