#include "format/program_file.h"

#include <algorithm>
#include <unordered_set>

#include "format/input_sizes.h"
#include "format/method_reader.h"
#include "format/verifier.h"
#include "format/wire.h"
#include "xnnir_schema/program_generated.h"

namespace xnnir {

namespace fb = schema::program;

namespace {

constexpr StatusCode kCode = StatusCode::kInvalidProgram;
constexpr uint32_t kSchemaVersion = 0;
constexpr size_t kBufferAlignment = 16;
// Deeper than any program: Program, ExecutionPlan, Chain, FrameList, Frame is the deepest path.
constexpr unsigned kMaxDepth = 16;

using unsigned_long_long = unsigned long long;

// Part of `data`, checked without overflow.
Result<Span<const uint8_t>> slice(const char *what, uint64_t index, Span<const uint8_t> data, uint64_t offset,
                                  size_t nbytes) {
  if (offset > data.size() || nbytes > data.size() - offset)
    return make_status(
        kCode, "%s %llu is at byte %llu of its segment and needs %zu bytes, but the segment has %zu", what,
        static_cast<unsigned_long_long>(index), static_cast<unsigned_long_long>(offset), nbytes, data.size());
  return Span<const uint8_t>(data.data() + offset, nbytes);
}

} // namespace

Result<std::unique_ptr<ProgramFile>> ProgramFile::open(Span<const uint8_t> bytes, const Limits &limits) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kBufferAlignment != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "the program's bytes are at %p, expected alignment to %zu",
                       static_cast<const void *>(bytes.data()), kBufferAlignment);
  Result<ProgramLayout> layout = read_program_layout(bytes);
  if (!layout.ok())
    return layout.status();

  std::unique_ptr<ProgramFile> file(new ProgramFile());
  file->layout_ = *layout;
  const Span<const uint8_t> flatbuffer = layout->flatbuffer;
  flatbuffers::Verifier verifier = make_verifier(flatbuffer, kMaxDepth);
  if (!fb::VerifyProgramBuffer(verifier))
    return make_status(
        kCode,
        "the program's flatbuffer (%zu bytes) is malformed: an offset, a length or a string in it "
        "leads outside; the file is damaged or cut short",
        flatbuffer.size());
  file->root_ = fb::GetProgram(flatbuffer.data());
  if (file->root_->version() != kSchemaVersion)
    return make_status(kCode, "version is %u, expected %u", file->root_->version(), kSchemaVersion);
  TableBudget budget(limits);
  XNNIR_RETURN_IF_ERROR(file->check_segments(budget));
  XNNIR_RETURN_IF_ERROR(file->check_constants());
  XNNIR_RETURN_IF_ERROR(file->read_named_data(budget));
  XNNIR_RETURN_IF_ERROR(file->read_methods(budget));
  return file;
}

Status ProgramFile::check_segments(TableBudget &budget) {
  const auto *segments = root_->segments();
  XNNIR_RETURN_IF_ERROR(budget.take("segments", count_of(segments), sizeof(segments_[0])));
  segments_.reserve(count_of(segments));
  for (size_t i = 0; i < count_of(segments); ++i) {
    const auto *segment = segments->Get(static_cast<flatbuffers::uoffset_t>(i));
    const uint64_t offset = segment->offset();
    const uint64_t size = segment->size();
    const size_t available = layout_.segments.size();
    if (offset > available || size > available - offset)
      return make_status(
          kCode, "segments[%zu] has offset %llu and size %llu, but the file has %zu bytes of segments%s", i,
          static_cast<unsigned_long_long>(offset), static_cast<unsigned_long_long>(size), available,
          layout_.segments.data() == nullptr ? " (its header names none)" : "");
    segments_.emplace_back(layout_.segments.data() + offset, static_cast<size_t>(size));
  }
  return {};
}

Status ProgramFile::check_constants() const {
  const auto check = [this](const std::string &path, const fb::SubsegmentOffsets &table) -> Status {
    const auto *offsets = table.offsets();
    // Entry 0 stands for no constant; with nothing behind it the segment may be missing.
    if (count_of(offsets) <= 1)
      return {};
    Result<Span<const uint8_t>> data = segment("segment_index", table.segment_index());
    if (!data.ok())
      return at_path(path + ".", data.status());
    for (flatbuffers::uoffset_t i = 0; i < offsets->size(); ++i)
      if (item_of(offsets, i) > data->size())
        return make_status(kCode, "%s.offsets[%u] is %llu, but its segment has %zu bytes", path.c_str(), i,
                           static_cast<unsigned_long_long>(item_of(offsets, i)), data->size());
    return {};
  };
  if (root_->constant_segment() != nullptr)
    XNNIR_RETURN_IF_ERROR(check("constant_segment", *root_->constant_segment()));
  const auto *mutable_segments = root_->mutable_data_segments();
  for (size_t i = 0; i < count_of(mutable_segments); ++i)
    XNNIR_RETURN_IF_ERROR(check(indexed("", "mutable_data_segments", i),
                                *mutable_segments->Get(static_cast<flatbuffers::uoffset_t>(i))));
  return {};
}

Status ProgramFile::read_named_data(TableBudget &budget) {
  const auto *entries = root_->named_data();
  for (size_t i = 0; i < count_of(entries); ++i) {
    const auto *entry = entries->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (count_of(entry->key()) == 0)
      return make_status(kCode, "named_data[%zu].key is missing", i);
    XNNIR_RETURN_IF_ERROR(budget.take("named_data", 1, sizeof(*named_data_.begin()) + entry->key()->size()));
    Result<Span<const uint8_t>> data = segment("segment_index", entry->segment_index());
    if (!data.ok())
      return at_path(indexed("", "named_data", i) + ".", data.status());
    if (!named_data_.emplace(entry->key()->str(), *data).second)
      return make_status(kCode, "named_data[%zu].key is '%s', which an earlier entry has", i,
                         entry->key()->c_str());
  }
  return {};
}

Status ProgramFile::read_methods(TableBudget &budget) {
  const auto *plans = root_->execution_plan();
  if (count_of(plans) == 0)
    return make_status(kCode, "execution_plan is empty, expected one entry for each method");
  std::unordered_set<std::string> names;
  for (flatbuffers::uoffset_t i = 0; i < plans->size(); ++i) {
    Result<MethodPlan> method = read_method(*this, *plans->Get(i), budget);
    if (!method.ok())
      return at_path(indexed("", "execution_plan", i) + ".", method.status());
    if (!names.insert(method->name).second)
      return make_status(kCode, "execution_plan[%u].name is '%s', which an earlier method has", i,
                         method->name.c_str());
    const auto sizes = named_data_.find(kInputSizesKey + method->name);
    if (sizes != named_data_.end())
      XNNIR_RETURN_IF_ERROR(read_input_sizes(sizes->second, *method, budget));
    methods_.push_back(std::move(*method));
  }
  return {};
}

Result<Span<const uint8_t>> ProgramFile::get(const std::string &key) const {
  const auto position = named_data_.find(key);
  if (position == named_data_.end())
    return make_status(StatusCode::kNotFound, "no named data has the key '%s' (the program has %zu keys)",
                       key.c_str(), named_data_.size());
  return position->second;
}

std::vector<std::string> ProgramFile::named_data_keys() const {
  std::vector<std::string> keys;
  for (const auto &[key, data] : named_data_)
    keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

Result<Span<const uint8_t>> ProgramFile::segment(const char *field, uint64_t index) const {
  if (index >= segments_.size())
    return make_status(kCode, "%s is %llu, but the program has %zu segments", field,
                       static_cast<unsigned_long_long>(index), segments_.size());
  return segments_[static_cast<size_t>(index)];
}

Result<Span<const uint8_t>> ProgramFile::constant(uint32_t index, size_t nbytes) const {
  const auto *table = root_->constant_segment();
  if (table != nullptr && count_of(table->offsets()) > 0) {
    const size_t count = table->offsets()->size();
    if (index >= count)
      return make_status(kCode, "data_buffer_idx is %u, but constant_segment.offsets has %zu entries", index,
                         count);
    // check_constants() has seen to the segment.
    return slice("constant", index, segments_[table->segment_index()], item_of(table->offsets(), index),
                 nbytes);
  }
  const auto *buffers = root_->constant_buffer();
  if (index >= count_of(buffers))
    return make_status(kCode, "data_buffer_idx is %u, but the program has %zu constants", index,
                       count_of(buffers));
  const auto *storage = buffers->Get(index)->storage();
  if (count_of(storage) < nbytes)
    return make_status(
        kCode, "data_buffer_idx is %u, and constant_buffer[%u] has %zu bytes where the tensor needs %zu",
        index, index, count_of(storage), nbytes);
  return Span<const uint8_t>(storage == nullptr ? nullptr : storage->data(), nbytes);
}

Result<Span<const uint8_t>> ProgramFile::initial_state(uint64_t segments, uint32_t index,
                                                       size_t nbytes) const {
  const auto *tables = root_->mutable_data_segments();
  if (segments >= count_of(tables))
    return make_status(kCode, "extra_tensor_info.mutable_data_segments_idx is %llu, but the program has %zu",
                       static_cast<unsigned_long_long>(segments), count_of(tables));
  const auto *table = tables->Get(static_cast<flatbuffers::uoffset_t>(segments));
  if (index >= count_of(table->offsets()))
    return make_status(kCode,
                       "data_buffer_idx is %u, but mutable_data_segments[%llu].offsets has %zu entries",
                       index, static_cast<unsigned_long_long>(segments), count_of(table->offsets()));
  Result<Span<const uint8_t>> data = segment("mutable_data_segments.segment_index", table->segment_index());
  if (!data.ok())
    return data;
  return slice("initial state", index, *data, item_of(table->offsets(), index), nbytes);
}

Result<Span<const uint8_t>>
ProgramFile::delegate_data(const fb::BackendDelegateDataReference &reference) const {
  switch (reference.location()) {
  case fb::DataLocation::SEGMENT:
    return segment("processed.index", reference.index());
  case fb::DataLocation::INLINE: {
    const auto *entries = root_->backend_delegate_data();
    if (reference.index() >= count_of(entries))
      return make_status(kCode, "processed.index is %u, but backend_delegate_data has %zu entries",
                         reference.index(), count_of(entries));
    const auto *data = entries->Get(reference.index())->data();
    return data == nullptr ? Span<const uint8_t>() : Span<const uint8_t>(data->data(), data->size());
  }
  }
  return make_status(kCode, "processed.location is %d, expected 0 (inline) or 1 (segment)",
                     static_cast<int>(reference.location()));
}

} // namespace xnnir
