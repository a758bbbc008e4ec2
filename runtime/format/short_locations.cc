#include "format/short_locations.h"

#include <algorithm>
#include <string_view>

namespace xnnir {

namespace {

constexpr size_t kLongest = 1024;
// Of all lines in full; a file that has more than this is not one that our compiler wrote.
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr std::string_view kSeparator = " + ";

struct Place {
  std::string_view name;
  std::string_view file;
  std::string_view line;
};

bool split_line(std::string_view text, Place &place) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size())
    return false;
  const std::string_view line = text.substr(colon + 1);
  if (!std::all_of(line.begin(), line.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  place.file = text.substr(0, colon);
  place.line = line;
  return true;
}

Place split(std::string_view text) {
  Place place;
  const size_t open = text.rfind(" (");
  if (!text.empty() && text.back() == ')' && open != std::string_view::npos) {
    const std::string_view inner = text.substr(open + 2, text.size() - open - 3);
    if (inner.find_first_of("()") == std::string_view::npos && split_line(inner, place)) {
      place.name = text.substr(0, open);
      return place;
    }
  }
  if (!split_line(text, place))
    place.name = text;
  return place;
}

class Expander {
public:
  void append(std::string_view text, std::string &out) {
    if (!text.empty() && text.front() == '\\') {
      out += text.substr(1);
      return;
    }
    const Place place = split(text);
    if (!place.name.empty()) {
      rename(place.name);
      out += name_;
    }
    if (!place.line.empty()) {
      if (!place.file.empty())
        file_ = place.file;
      const bool named = !place.name.empty() && !name_.empty();
      out += named ? " (" : "";
      out += file_;
      out += ':';
      out += place.line;
      out += named ? ")" : "";
    }
    if (name_.size() > kLongest)
      name_.clear();
    if (file_.size() > kLongest)
      file_.clear();
  }

private:
  void rename(std::string_view text) {
    const size_t dots = std::min(text.find_first_not_of('.'), text.size());
    const std::string_view rest = text.substr(dots);
    if (dots == 0)
      name_.clear();
    for (size_t i = 0; i < dots && !name_.empty(); ++i) {
      const size_t dot = name_.rfind('.');
      name_.resize(dot == std::string::npos ? 0 : dot);
    }
    if (!name_.empty() && !rest.empty())
      name_ += '.';
    name_ += rest;
  }

  std::string name_;
  std::string file_;
};

} // namespace

std::vector<std::string> expand_locations(Span<const uint8_t> text, size_t count) {
  std::vector<std::string> lines;
  Expander expander;
  size_t bytes = 0;
  std::string_view left(reinterpret_cast<const char *>(text.data()), text.size());
  while (!left.empty() && lines.size() < count) {
    const size_t end = std::min(left.find('\n'), left.size());
    std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    std::string &full = lines.emplace_back();
    while (bytes + full.size() <= kMostBytes) {
      const size_t stop = std::min(line.find(kSeparator), line.size());
      expander.append(line.substr(0, stop), full);
      if (stop == line.size())
        break;
      full += kSeparator;
      line.remove_prefix(stop + kSeparator.size());
    }
    bytes += full.size();
  }
  return lines;
}

} // namespace xnnir
