// Lines in which a place says how it differs from the one before.
#include "format/short_locations.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xnnir {
namespace {

std::vector<std::string> expand(const std::string &text, size_t count = 65535) {
  return expand_locations({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, count);
}

TEST(ShortLocations, AreOfTheLastNameAndFile) {
  EXPECT_THAT(expand("model.layers.0.conv (net/model.py:12)\n"
                     "..1.conv (:12)\n"
                     "..1 (:20) + head (net/head.py:3)\n"
                     ":4\n"
                     "....tail.norm\n"),
              testing::ElementsAre(
                  "model.layers.0.conv (net/model.py:12)", "model.layers.1.conv (net/model.py:12)",
                  "model.layers.1 (net/model.py:20) + head (net/head.py:3)", "net/head.py:4", "tail.norm"));
}

TEST(ShortLocations, AreInFullAfterABackslash) {
  EXPECT_THAT(expand("a.b (f.py:1)\n\\.c (:2)\n.c (:2)\n\\\\\n\\"),
              testing::ElementsAre("a.b (f.py:1)", ".c (:2)", "a.c (f.py:2)", "\\", ""));
}

TEST(ShortLocations, AreNamesWhereTheyAreNothingElse) {
  EXPECT_THAT(expand("(:1)\n (x:)\na (b(c):1)\na (b:1) \n\n::1"),
              testing::ElementsAre("(:1)", " (x:)", "a (b(c):1)", "a (b:1) ", "", "::1"));
}

TEST(ShortLocations, EndWhereTheTextDoes) {
  EXPECT_TRUE(expand("").empty());
  EXPECT_THAT(expand("a\nb\nc", 2), testing::ElementsAre("a", "b"));
  EXPECT_THAT(expand("a\nb\nc"), testing::ElementsAre("a", "b", "c"));
}

TEST(ShortLocations, GrowNoFurtherThanALineOfFullNames) {
  // Each place drops one part of the last name and adds two.
  std::string text = "a";
  for (int i = 0; i < 3000; ++i)
    text += " + .b.b";
  text += "\n";
  std::string lines;
  for (int i = 0; i < 200; ++i)
    lines += text;
  size_t bytes = 0;
  for (const std::string &line : expand(lines))
    bytes += line.size();
  EXPECT_LT(bytes, size_t{80} << 20);
}

} // namespace
} // namespace xnnir
