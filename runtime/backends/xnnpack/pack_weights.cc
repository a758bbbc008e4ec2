#include "backends/xnnpack/pack_weights.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "backends/xnnpack/define_values.h"
#include "backends/xnnpack/node_identity.h"
#include "core/pool_loop.h"

namespace xnnir {

namespace {

// What XNNPACK knows as one set of weights; several nodes may use it.
struct Task {
  const DelegateNode *node = nullptr;
  WeightsKey weights;
  PackedKey key;
  PackedBytes packed;
  // In the memory to pack into.
  size_t offset = 0;
  uint64_t checksum = 0;
  bool failed = false;
};

// Calls `function` for each index below `count`, on all threads. It must not throw.
template <typename Function> void in_parallel(pthreadpool *threads, size_t count, Function function) {
  struct Call {
    static void run(void *context, size_t start, size_t size) {
      for (size_t index = start; index < start + size; ++index)
        (*static_cast<Function *>(context))(index);
    }
  };
  run_on_pool(threads, Call::run, &function, count, /*tile=*/1);
}

size_t padded(uint64_t size) {
  return static_cast<size_t>((size + kPackedAlignment - 1) / kPackedAlignment * kPackedAlignment);
}

class Packer {
public:
  Packer(const DelegateGraph &graph, const std::vector<const void *> &data, const CreateAlone &create_alone,
         const PackingOptions &options)
      : graph_(graph), data_(data), create_alone_(create_alone), options_(options) {}

  Result<PackedWeights> pack(PackedLookup &lookup) {
    find_tasks();
    if (options_.pool == nullptr) {
      identify_by_address();
      XNNIR_RETURN_IF_ERROR(pack_missing(*PackedPool::make()));
    } else {
      PackedPool &pool = *options_.pool;
      const std::lock_guard<std::mutex> lock(pool.mutex);
      pool.refresh();
      if (pool.has_file())
        identify_by_content(pool);
      else
        identify_by_address();
      find_packed(pool);
      XNNIR_RETURN_IF_ERROR(pack_missing(pool));
    }
    for (const Task &task : tasks_) {
      if (task.packed.owner == nullptr)
        continue;
      lookup.add(task.weights, task.packed.bytes);
      if (result_.owners.empty() || result_.owners.back() != task.packed.owner)
        result_.owners.push_back(task.packed.owner);
    }
    return std::move(result_);
  }

private:
  const void *constant(const DelegateNode &node, size_t input) const {
    return input < node.inputs.size() ? data_[node.inputs[input]] : nullptr;
  }

  Span<const uint8_t> bytes_of(uint32_t value) const {
    size_t size = 0;
    count_bytes(graph_.values[value].shape, graph_.values[value].datatype, &size);
    return {graph_.values[value].data, size};
  }

  void release(const DelegateNode &node) const {
    if (options_.sources == nullptr)
      return;
    for (size_t i = 1; i < node.inputs.size(); ++i)
      if (graph_.values[node.inputs[i]].data != nullptr && is_packed(graph_, node, i))
        options_.sources->release(bytes_of(node.inputs[i]));
  }

  // Asks XNNPACK what it would pack.
  void find_tasks() {
    for (const DelegateNode &node : graph_.nodes) {
      if (node.inputs.size() < 2 || !is_packed(graph_, node, 1))
        continue;
      SizeProbe probe;
      create_alone_(node, probe.handle());
      if (!probe.looked_up || probe.size == 0 || probe.key.kernel != constant(node, 1) ||
          probe.key.bias != constant(node, 2))
        continue;
      Task task;
      task.node = &node;
      task.weights = probe.key;
      task.key.kernel_seed = probe.key.seed;
      task.key.size = probe.size;
      tasks_.push_back(task);
    }
  }

  // By the addresses of constants, which tell as much as their contents while the program lives.
  void identify_by_address() {
    std::vector<Digest> contents(graph_.values.size());
    for (const uint32_t value : used_constants()) {
      const Span<const uint8_t> bytes = bytes_of(value);
      contents[value] = {reinterpret_cast<uintptr_t>(bytes.data()), bytes.size()};
    }
    set_identities(contents, /*seed=*/0);
  }

  // By the contents of constants: what other programs and processes can know. Those of a file that has not
  // changed since are known.
  void identify_by_content(PackedPool &pool) {
    const uint64_t seed = pool.hash_seed();
    const std::vector<uint32_t> used = used_constants();
    std::vector<Digest> contents(graph_.values.size());
    std::vector<Digest> places(used.size());
    std::vector<size_t> unknown;
    for (size_t i = 0; i < used.size(); ++i) {
      places[i] = place_of(bytes_of(used[i]), seed);
      if (!pool.find_content(places[i], contents[used[i]]))
        unknown.push_back(i);
    }
    in_parallel(options_.threads, unknown.size(), [&](size_t u) {
      const uint32_t value = used[unknown[u]];
      contents[value] = digest(bytes_of(value), seed);
      if (options_.sources != nullptr)
        options_.sources->release(bytes_of(value));
    });
    for (const size_t i : unknown)
      pool.add_content(places[i], contents[used[i]]);
    set_identities(contents, seed);
  }

  std::vector<uint32_t> used_constants() const {
    std::vector<uint32_t> used;
    for (const Task &task : tasks_)
      for (const uint32_t input : task.node->inputs)
        if (graph_.values[input].data != nullptr)
          used.push_back(input);
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    return used;
  }

  // All zeros for bytes that are in no file.
  Digest place_of(Span<const uint8_t> bytes, uint64_t seed) const {
    std::string file;
    uint64_t offset = 0;
    if (options_.sources == nullptr || !options_.sources->locate(bytes, file, offset))
      return {};
    file += "@" + std::to_string(offset) + "+" + std::to_string(bytes.size());
    return digest({reinterpret_cast<const uint8_t *>(file.data()), file.size()}, seed);
  }

  void set_identities(const std::vector<Digest> &contents, uint64_t seed) {
    for (Task &task : tasks_)
      task.key.identity = node_identity(graph_, *task.node, contents, seed);
    drop_ambiguous();
  }

  // XNNPACK would take the weights of one node for those of another that reads the same bytes in another way.
  void drop_ambiguous() {
    std::stable_sort(tasks_.begin(), tasks_.end(),
                     [](const Task &a, const Task &b) { return a.weights < b.weights; });
    std::vector<Task> kept;
    for (size_t begin = 0, end = 0; begin < tasks_.size(); begin = end) {
      bool same = true;
      for (end = begin; end < tasks_.size() && !(tasks_[begin].weights < tasks_[end].weights); ++end)
        same = same && !(tasks_[begin].key < tasks_[end].key) && !(tasks_[end].key < tasks_[begin].key);
      if (same)
        kept.push_back(tasks_[begin]);
    }
    tasks_ = std::move(kept);
  }

  void find_packed(PackedPool &pool) {
    std::vector<std::pair<Task *, PackedPool::Candidate>> candidates;
    for (Task &task : tasks_) {
      PackedPool::Candidate candidate;
      if (!pool.find(task.key, task.packed) && pool.find_in_file(task.key, candidate))
        candidates.emplace_back(&task, std::move(candidate));
    }
    std::vector<uint64_t> checksums(candidates.size());
    in_parallel(options_.threads, candidates.size(), [&](size_t i) {
      checksums[i] = checksum(candidates[i].second.packed.bytes, pool.hash_seed());
    });
    for (size_t i = 0; i < candidates.size(); ++i) {
      auto &[task, candidate] = candidates[i];
      if (checksums[i] != candidate.checksum) {
        pool.reject(task->key);
        continue;
      }
      pool.accept(task->key, candidate.packed);
      task->packed = candidate.packed;
      ++result_.read;
      result_.read_bytes += task->key.size;
    }
  }

  Status pack_missing(PackedPool &pool) {
    // The largest first: the threads then end together.
    std::vector<Task *> missing;
    for (Task &task : tasks_)
      if (task.packed.owner == nullptr)
        missing.push_back(&task);
    std::stable_sort(missing.begin(), missing.end(), [](const Task *a, const Task *b) {
      return b->key.size != a->key.size ? b->key.size < a->key.size : a->key < b->key;
    });
    std::vector<Task *> firsts;
    size_t total = 0;
    for (Task *task : missing)
      if (firsts.empty() || firsts.back()->key < task->key || task->key < firsts.back()->key) {
        task->offset = total;
        total += padded(task->key.size);
        firsts.push_back(task);
      } else {
        task->offset = firsts.back()->offset;
      }
    if (firsts.empty())
      return {};
    Result<PackedPool::Space> space = pool.allocate(total);
    if (!space.ok())
      return space.status();
    uint8_t *memory = space->pages->bytes().data();
    std::atomic<size_t> next{0};
    in_parallel(options_.threads, firsts.size(), [&](size_t) {
      Task &task = *firsts[next++];
      const Span<uint8_t> bytes(memory + task.offset, static_cast<size_t>(task.key.size));
      space->pages->populate(bytes);
      PackInto provider(bytes);
      task.failed = create_alone_(*task.node, provider.handle()) != xnn_status_success;
      if (space->in_file)
        task.checksum = checksum(bytes, pool.hash_seed());
      release(*task.node);
    });
    space->pages->make_read_only();
    for (Task *task : firsts)
      if (!task->failed) {
        pool.add(task->key, *space, task->offset, task->checksum);
        ++result_.packed;
        result_.packed_bytes += task->key.size;
      }
    // What could not be packed alone is packed, or refused, with the whole graph.
    for (Task *task : missing) {
      const auto first = std::find_if(firsts.begin(), firsts.end(),
                                      [task](const Task *other) { return other->offset == task->offset; });
      if (!(*first)->failed)
        task->packed = {{memory + task->offset, static_cast<size_t>(task->key.size)}, space->pages};
    }
    return {};
  }

  const DelegateGraph &graph_;
  const std::vector<const void *> &data_;
  const CreateAlone &create_alone_;
  const PackingOptions &options_;
  std::vector<Task> tasks_;
  PackedWeights result_;
};

} // namespace

Result<PackedWeights> pack_weights(const DelegateGraph &graph, const std::vector<const void *> &data,
                                   const CreateAlone &create_alone, const PackingOptions &options,
                                   PackedLookup &lookup) {
  return Packer(graph, data, create_alone, options).pack(lookup);
}

} // namespace xnnir
