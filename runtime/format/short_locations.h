// Lines of the named data `xnnir.locations`, in which a place says only how it differs from the one before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "xnnir/span.h"

namespace xnnir {

// The first `count` lines of `text` in full, fewer where it has fewer.
//
// A line is places joined by " + ", each `name (file:line)`, a name, or `file:line`. Each dot at the start of
// a name drops a part from the end of the last name, a line number without a file is of the last file, and a
// place after a backslash is in full. Names and files of more than 1024 bytes are not referred to, so that no
// text grows to more than 2 KiB a place beyond itself. `xnnir/emit/short_locations.py` writes them.
std::vector<std::string> expand_locations(Span<const uint8_t> text, size_t count);

} // namespace xnnir
