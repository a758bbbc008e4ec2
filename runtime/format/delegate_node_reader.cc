#include "format/delegate_node_reader.h"

#include <cinttypes>
#include <cmath>

namespace xnnir {

void DelegateNodeReader::refuse(const char *field, const std::string &complaint, StatusCode code) {
  if (!ok())
    return;
  std::string path = "xnodes[" + std::to_string(node_.position) + "].xnode_union";
  if (*field != '\0')
    path += std::string(".") + field;
  status_ = Status(code, path + " " + complaint + " (" + to_string(node_.kind) + ")");
}

uint32_t DelegateNodeReader::find(uint32_t id, const char *field) {
  if (!ok())
    return kNoValue;
  const auto found = ids_.find(id);
  if (found != ids_.end())
    return found->second;
  refuse(field, "is " + std::to_string(id) + ", expected the id of a value");
  return kNoValue;
}

void DelegateNodeReader::input(uint32_t id, const char *field) {
  const uint32_t index = find(id, field);
  if (!ok())
    return;
  if (!written_[index])
    refuse(field, "is " + std::to_string(id) + ", a value that nothing before this node writes");
  node_.inputs.push_back(index);
}

void DelegateNodeReader::optional_input(uint32_t id, const char *field) {
  if (id != kNoValue)
    input(id, field);
}

void DelegateNodeReader::output(uint32_t id, const char *field) {
  const uint32_t index = find(id, field);
  if (!ok())
    return;
  const DelegateValue &value = graph_.values[index];
  if (value.is_input)
    refuse(field, "is " + std::to_string(id) + ", a graph input, expected a value that nothing writes yet");
  else if (value.data != nullptr)
    refuse(field, "is " + std::to_string(id) + ", a constant, expected a value that nothing writes yet");
  else if (written_[index])
    refuse(field, "is " + std::to_string(id) + ", which an earlier node writes already");
  if (!ok())
    return;
  written_[index] = true;
  node_.outputs.push_back(index);
}

void DelegateNodeReader::flags(uint32_t flags, uint32_t known) {
  if ((flags & ~known) != 0) {
    char text[96];
    std::snprintf(text, sizeof text, "is 0x%" PRIx32 ", expected no bits but 0x%" PRIx32, flags, known);
    refuse("flags", text);
  }
  node_.flags = flags;
}

uint32_t DelegateNodeReader::extent(uint32_t value, const char *field) {
  if (value == 0 || value > kMaxExtent)
    refuse(field, "is " + std::to_string(value) + ", expected 1 to " + std::to_string(kMaxExtent));
  return value;
}

uint32_t DelegateNodeReader::padding(uint32_t value, const char *field) {
  if (value > kMaxExtent)
    refuse(field, "is " + std::to_string(value) + ", expected 0 to " + std::to_string(kMaxExtent));
  return value;
}

uint32_t DelegateNodeReader::positive(uint32_t value, const char *field) {
  if (value == 0)
    refuse(field, "is 0, expected a positive number");
  return value;
}

float DelegateNodeReader::finite(float value, const char *field) {
  if (!std::isfinite(value))
    refuse(field, "is " + std::to_string(value) + ", expected a finite number");
  return value;
}

} // namespace xnnir
