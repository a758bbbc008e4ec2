// What a delegate backend implements, and where it registers. A program names its backend by id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xnnir/packed_weights.h"
#include "xnnir/profile.h"
#include "xnnir/span.h"
#include "xnnir/status.h"
#include "xnnir/value.h"

struct pthreadpool;

namespace xnnir {

// Bytes that the program file names: weights of delegates, and data from .ptd files merged with them.
class NamedDataMap {
public:
  virtual ~NamedDataMap() = default;
  // The bytes stay valid as long as the program. kNotFound names the key.
  virtual Result<Span<const uint8_t>> get(const std::string &key) const = 0;
};

// What is known of the bytes of a program and its named data. Thread-safe.
class ByteSources {
public:
  virtual ~ByteSources() = default;
  // Says that the bytes will hardly be read again: their memory can go.
  virtual void release(Span<const uint8_t> bytes) const = 0;
  // Whether the bytes are in a file, at `offset`. `file` differs between files, and between a file before and
  // after a change.
  virtual bool locate(Span<const uint8_t> bytes, std::string &file, uint64_t &offset) const = 0;
  // Whether the bytes are in one of the sources: vector instructions may read past their end then.
  virtual bool contains(Span<const uint8_t> bytes) const = 0;
};

// What the delegates of a program share, of one backend.
class BackendState {
public:
  virtual ~BackendState() = default;
  // All delegates of a method are there.
  virtual void finish_loading() {}
  virtual PackedCacheInfo packed_cache_info() const { return {}; }
};

struct BackendInitContext {
  // The program's named data; never null.
  const NamedDataMap *named_data = nullptr;
  // What the backend's open_program() gave for the program; null when that was nothing.
  std::shared_ptr<BackendState> state;
  // Of the program's bytes and its named data; may be null.
  const ByteSources *sources = nullptr;
  // The pool that runs will use; null for the calling thread alone. Outlives the delegate.
  pthreadpool *threads = nullptr;
  // Method that owns the delegate, and the delegate's index in it: for messages and profiles.
  std::string method_name;
  size_t delegate_index = 0;
  // Time every node of the delegate; costs a little, so it is asked for.
  bool profile = false;
  // What the delegate may take for tensors and what goes with them; kOutOfResources beyond that.
  size_t max_bytes = PTRDIFF_MAX;
};

// A compiled delegate. One object is used by one thread at a time.
class Delegate {
public:
  virtual ~Delegate() = default;
  // `args` are the delegate call's values: inputs in order, then outputs in order. Inputs have their final
  // shape and data; outputs have data and capacity and are resized by the delegate. No copies, no allocation
  // after the first call with a shape.
  virtual Status execute(Span<Value *> args) = 0;
  // How many of the args are inputs. The method binds outputs that only delegates write to the caller's
  // memory, and has to know which those are; while a delegate does not say (SIZE_MAX), its method copies a
  // little more.
  virtual size_t num_inputs() const { return SIZE_MAX; }
  // Nodes of the last execute(), when init was asked to profile; else empty.
  virtual std::vector<ProfileEvent> profile_events() const { return {}; }
};

class Backend {
public:
  virtual ~Backend() = default;
  virtual bool is_available() const { return true; }
  // Called once for each program that has delegates of this backend.
  virtual std::shared_ptr<BackendState> open_program(const BackendOptions &) { return nullptr; }
  // Compiles `processed`, which stays valid and unchanged as long as the program.
  virtual Result<std::unique_ptr<Delegate>> init(const BackendInitContext &context,
                                                 Span<const uint8_t> processed) = 0;
};

// The process-wide table of backends. Thread-safe. `backend` must outlive every program.
Status register_backend(const char *id, Backend *backend);
// Null when no backend has that id.
Backend *find_backend(const std::string &id);
std::vector<std::string> registered_backend_ids();

} // namespace xnnir
