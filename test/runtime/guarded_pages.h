// Memory that ends where reading on is a fault.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <sys/mman.h>
#endif

#include "core/platform.h"

namespace xnnir::test {

class GuardedPages {
public:
  explicit GuardedPages(size_t size) : mapped_((size + page_size() - 1) / page_size() * page_size()) {
    const size_t all = mapped_ + page_size();
#ifdef _WIN32
    DWORD before = 0;
    void *memory = VirtualAlloc(nullptr, all, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory == nullptr)
      return;
    memory_ = static_cast<uint8_t *>(memory);
    guarded_ = VirtualProtect(memory_ + mapped_, page_size(), PAGE_NOACCESS, &before) != 0;
#else
    void *memory = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return;
    memory_ = static_cast<uint8_t *>(memory);
    guarded_ = mprotect(memory_ + mapped_, page_size(), PROT_NONE) == 0;
#endif
  }
  GuardedPages(const GuardedPages &) = delete;
  GuardedPages &operator=(const GuardedPages &) = delete;
  ~GuardedPages() {
    if (memory_ == nullptr)
      return;
#ifdef _WIN32
    VirtualFree(memory_, 0, MEM_RELEASE);
#else
    munmap(memory_, mapped_ + page_size());
#endif
  }

  bool ok() const { return guarded_; }
  // The last `size` bytes that can be read.
  uint8_t *last(size_t size) const { return memory_ + mapped_ - size; }

private:
  size_t mapped_;
  uint8_t *memory_ = nullptr;
  bool guarded_ = false;
};

} // namespace xnnir::test
