// Whose packed weights are whose.
#pragma once

#include "format/content_hash.h"

namespace xnnir {

// Differs between builds of XNNPACK, and between CPUs for which XNNPACK may choose other kernels: packed
// weights are of use only where this is the same. Needs XNNPACK to be initialised.
Digest packing_fingerprint();

} // namespace xnnir
