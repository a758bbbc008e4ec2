// A pointer and a count. std::span is C++20; this is the part of it that the runtime needs.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace xnnir {

template <typename T> class Span {
public:
  Span() = default;
  Span(T *data, size_t size) : data_(data), size_(size) {}
  template <typename U = T, typename = std::enable_if_t<std::is_const_v<U>>>
  Span(const std::vector<std::remove_const_t<T>> &values) : data_(values.data()), size_(values.size()) {}
  Span(std::vector<std::remove_const_t<T>> &values) : data_(values.data()), size_(values.size()) {}
  template <typename U, typename = std::enable_if_t<std::is_same_v<T, const U>>>
  Span(const Span<U> &other) : data_(other.data()), size_(other.size()) {}

  T *data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T &operator[](size_t index) const { return data_[index]; }
  T *begin() const { return data_; }
  T *end() const { return data_ + size_; }

private:
  T *data_ = nullptr;
  size_t size_ = 0;
};

} // namespace xnnir
