// The arithmetic for compilers without builtins gives what those of this compiler give.
#include "core/overflow.h"

#include <cstdint>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace {

template <typename T> T draw(std::mt19937_64 &random) {
  constexpr T kEdges[] = {0,
                          1,
                          2,
                          static_cast<T>(-1),
                          static_cast<T>(-2),
                          std::numeric_limits<T>::min(),
                          std::numeric_limits<T>::max(),
                          static_cast<T>(std::numeric_limits<T>::max() - 1),
                          static_cast<T>(std::numeric_limits<T>::max() / 2)};
  const uint64_t choice = random();
  if (choice % 2 == 0)
    return kEdges[random() % std::size(kEdges)];
  // Of all lengths, so that products are as often inside as outside.
  return static_cast<T>(random() >> (choice / 2 % 64));
}

// `builtin` and `portable` both say whether the result fits, and agree on it where it does.
#define EXPECT_SAME(name)                                                                                    \
  do {                                                                                                       \
    R builtin = 0, portable = 0;                                                                             \
    const bool lost = __builtin_##name(a, b, &builtin);                                                      \
    ASSERT_EQ(xnnir::portable::name(a, b, &portable), lost) << a << " " << b;                                \
    if (!lost) {                                                                                             \
      ASSERT_EQ(portable, builtin) << a << " " << b;                                                         \
    }                                                                                                        \
  } while (false)

template <typename A, typename B, typename R> void compare() {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const A a = draw<A>(random);
    const B b = draw<B>(random);
    EXPECT_SAME(mul_overflow);
    EXPECT_SAME(add_overflow);
    EXPECT_SAME(sub_overflow);
  }
}

TEST(Overflow, PortableArithmeticIsThatOfTheBuiltins) {
  compare<int64_t, int64_t, int64_t>();
  compare<uint64_t, uint64_t, uint64_t>();
  compare<uint64_t, uint32_t, uint64_t>();
  compare<uint32_t, uint32_t, uint32_t>();
  compare<uint32_t, int64_t, uint32_t>();
  compare<int64_t, uint64_t, int32_t>();
  compare<int32_t, int64_t, int64_t>();
}

} // namespace
