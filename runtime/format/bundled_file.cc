#include "format/bundled_file.h"

#include "format/budget.h"
#include "format/verifier.h"
#include "format/wire.h"
#include "xnnir_schema/bundled_program_generated.h"

namespace xnnir {

namespace fb = schema::bundled_program;

namespace {

constexpr StatusCode kCode = StatusCode::kInvalidProgram;
// BundledProgram, BundledMethodTestSuite, BundledMethodTestCase, Value, Tensor is the deepest path.
constexpr unsigned kMaxDepth = 8;
constexpr size_t kMinSize = 8;
constexpr size_t kProgramAlignment = 16;

Result<Value> read_tensor(const fb::Tensor &from) {
  const auto dtype = static_cast<ScalarType>(from.scalar_type());
  if (element_size(dtype) == 0)
    return make_status(kCode, ".scalar_type is %d, which no dtype has", from.scalar_type());
  const size_t rank = count_of(from.sizes());
  if (rank > kMaxTensorRank)
    return make_status(kCode, ".sizes has %zu entries, expected at most %zu", rank, kMaxTensorRank);
  std::vector<int32_t> sizes;
  std::vector<uint8_t> order;
  for (size_t i = 0; i < rank; ++i) {
    sizes.push_back(item_of(from.sizes(), i));
    order.push_back(static_cast<uint8_t>(i));
  }
  if (count_of(from.dim_order()) != 0)
    order.assign(from.dim_order()->begin(), from.dim_order()->end());
  Result<Tensor> tensor =
      Tensor::make(dtype, Span<const int32_t>(sizes), Span<const uint8_t>(order), ShapeDynamism::kStatic);
  if (!tensor.ok())
    return Status(kCode, ": " + tensor.status().message());
  if (count_of(from.data()) != tensor->nbytes())
    return make_status(kCode, ".data has %zu bytes, expected %zu for its sizes", count_of(from.data()),
                       tensor->nbytes());
  if (tensor->nbytes() != 0 && reinterpret_cast<uintptr_t>(from.data()->data()) % element_size(dtype) != 0)
    return make_status(kCode, ".data is not aligned to its elements of %zu bytes", element_size(dtype));
  if (tensor->nbytes() != 0)
    tensor->set_read_only_data(from.data()->data(), tensor->nbytes());
  return Value(std::move(*tensor));
}

Result<Value> read_value(const fb::Value &from) {
  switch (from.val_type()) {
  case fb::ValueUnion::Tensor:
    return read_tensor(*from.val_as_Tensor());
  case fb::ValueUnion::Int:
    return Value(from.val_as_Int()->int_val());
  case fb::ValueUnion::Bool:
    return Value(from.val_as_Bool()->bool_val());
  case fb::ValueUnion::Double:
    return Value(from.val_as_Double()->double_val());
  default:
    return make_status(kCode, ".val_type is %d, expected 1 to 4", static_cast<int>(from.val_type()));
  }
}

Status read_values(const flatbuffers::Vector<flatbuffers::Offset<fb::Value>> *from, const std::string &path,
                   TableBudget &budget, std::vector<Value> &to) {
  XNNIR_RETURN_IF_ERROR(budget.take(path.c_str(), count_of(from), sizeof(Value)));
  for (size_t i = 0; i < count_of(from); ++i) {
    const auto *value = from->Get(static_cast<flatbuffers::uoffset_t>(i));
    // The verifier lets a union without a value through.
    if (value->val_type() != fb::ValueUnion::NONE && value->val() == nullptr)
      return make_status(kCode, "%s[%zu].val is missing", path.c_str(), i);
    Result<Value> read = read_value(*value);
    if (!read.ok())
      return at_path(indexed("", path.c_str(), i), read.status());
    to.push_back(std::move(*read));
  }
  return {};
}

} // namespace

bool is_bundled_file(Span<const uint8_t> file) {
  return file.size() >= kMinSize && fb::BundledProgramBufferHasIdentifier(file.data());
}

Result<BundledFile> read_bundled_file(Span<const uint8_t> file, const Limits &limits) {
  if (!is_bundled_file(file))
    return make_status(kCode, "byte 4 does not have the identifier 'BP08': this is no .bpte file");
  flatbuffers::Verifier verifier = make_verifier(file, kMaxDepth);
  // Verifiers assert that sizes are below 2 GiB, which is as far as offsets reach.
  if (file.size() >= FLATBUFFERS_MAX_BUFFER_SIZE || !fb::VerifyBundledProgramBuffer(verifier))
    return make_status(kCode,
                       "the bundled program's flatbuffer (%zu bytes) is malformed: an offset, a length or a "
                       "string in it leads outside; the file is damaged or cut short",
                       file.size());
  const fb::BundledProgram &root = *fb::GetBundledProgram(file.data());
  if (count_of(root.program()) == 0)
    return make_status(kCode, "program is missing: the .bpte file has no .pte file in it");
  if (reinterpret_cast<uintptr_t>(root.program()->data()) % kProgramAlignment != 0)
    return make_status(kCode, "program begins at byte %zu, expected alignment to %zu",
                       static_cast<size_t>(root.program()->data() - file.data()), kProgramAlignment);

  BundledFile bundled;
  bundled.program = {root.program()->data(), root.program()->size()};
  TableBudget budget(limits);
  XNNIR_RETURN_IF_ERROR(
      budget.take("method_test_suites", count_of(root.method_test_suites()), sizeof(std::string)));
  for (size_t i = 0; i < count_of(root.method_test_suites()); ++i) {
    const auto *suite = root.method_test_suites()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const std::string path = indexed("", "method_test_suites", i);
    if (count_of(suite->method_name()) == 0)
      return make_status(kCode, "%s.method_name is missing", path.c_str());
    XNNIR_RETURN_IF_ERROR(budget.take("method_name", suite->method_name()->size(), 1));
    if (!is_utf8(suite->method_name()->c_str(), suite->method_name()->size()))
      return make_status(kCode, "%s.method_name is not UTF-8", path.c_str());
    std::vector<BundledTestCase> &cases = bundled.test_cases[suite->method_name()->str()];
    XNNIR_RETURN_IF_ERROR(budget.take("test_cases", count_of(suite->test_cases()), sizeof(BundledTestCase)));
    for (size_t j = 0; j < count_of(suite->test_cases()); ++j) {
      const auto *each = suite->test_cases()->Get(static_cast<flatbuffers::uoffset_t>(j));
      const std::string case_path = indexed(path + ".", "test_cases", j);
      BundledTestCase &test_case = cases.emplace_back();
      XNNIR_RETURN_IF_ERROR(read_values(each->inputs(), case_path + ".inputs", budget, test_case.inputs));
      XNNIR_RETURN_IF_ERROR(read_values(each->expected_outputs(), case_path + ".expected_outputs", budget,
                                        test_case.expected_outputs));
    }
  }
  return bundled;
}

} // namespace xnnir
