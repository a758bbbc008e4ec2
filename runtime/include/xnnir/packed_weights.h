// How weights are packed, kept and shared.
//
// XNNPACK does not compute with weights as the file has them: it packs them first, which takes most of the
// time of a load. A program packs each weight once, for all its methods and delegates. With
// `packed_cache_path` the packed weights are in a file as well: later loads map it instead of packing, and
// processes share its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace xnnir {

// Which delegates share the memory of the values inside them. Those that share it run one at a time. Names
// and numbers are ExecuTorch's.
enum class WorkspaceSharingMode : int {
  // Each delegate has its own.
  kDisabled = 0,
  // Those of a program share it.
  kPerModel = 1,
  // All of the process that ask for it do.
  kGlobal = 2,
};

// Options that backends get. Names are ExecuTorch's.
struct BackendOptions {
  WorkspaceSharingMode workspace_sharing_mode = WorkspaceSharingMode::kDisabled;
  // Whether delegates of a program share packed weights. Without, each packs its own.
  bool weight_cache_enabled = true;
  // A file of packed weights, read when it is there and written when it lacks some: empty for none. Programs
  // and processes may share one. Whatever is wrong with the file (damage, another CPU, another version of the
  // library, no place to write it), the program loads all the same: packed_cache_info() says what happened.
  std::string packed_cache_path;
};

// What came of `packed_cache_path`, in all loads of the program's methods until now.
struct PackedCacheInfo {
  // Weights that came from the file, and that were packed here.
  size_t read = 0;
  size_t packed = 0;
  // Bytes of both.
  uint64_t read_bytes = 0;
  uint64_t packed_bytes = 0;
  // Whether the file was written.
  bool written = false;
  // Why the file was not used, or not written; empty when nothing was wrong.
  std::string message;
};

} // namespace xnnir
