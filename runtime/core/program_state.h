// What a program's handles share.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "core/loaded_source.h"
#include "core/thread_pool.h"
#include "format/bundled_file.h"
#include "format/data_file.h"
#include "format/program_file.h"
#include "xnnir/program.h"

namespace xnnir {

// Named data, and bytes, are those of the program and of its .ptd files.
struct Program::State final : NamedDataMap, ByteSources {
  // Kept for the bytes. The program's first, then the .ptd files.
  std::vector<LoadedSource> sources;
  ProgramOptions options;
  std::shared_ptr<const ThreadPool> threads;
  std::unique_ptr<ProgramFile> file;
  std::unordered_map<std::string, NamedBytes> external;
  // Of a .bpte file.
  BundledTestCases bundled;

  // What delegates share, by backend.
  mutable std::mutex backends_mutex;
  mutable std::map<Backend *, std::shared_ptr<BackendState>> backends;

  // Maps and checks everything.
  Status load(const Source &source, const ProgramOptions &given);
  // Null when there is none of that name.
  const MethodPlan *find(const std::string &method) const;
  Result<Span<const uint8_t>> get(const std::string &key) const override;
  // Null when the .ptd files have nothing of that name.
  const NamedBytes *find_external(const std::string &key) const;
  std::shared_ptr<BackendState> backend_state(Backend *backend) const;
  void release(Span<const uint8_t> bytes) const override;
  bool locate(Span<const uint8_t> bytes, std::string &file, uint64_t &offset) const override;
  bool contains(Span<const uint8_t> bytes) const override;

private:
  Status load_data(const Source &source);
};

} // namespace xnnir
