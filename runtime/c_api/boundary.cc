#include "c_api/boundary.h"

#include <cstdio>

namespace xnnir::c_api {

namespace {

// Of fixed size: there is a message even where memory has run out.
thread_local char last_error[4096] = "";

template <size_t... kIndices> int32_t find_kind(const std::string &kind, std::index_sequence<kIndices...>) {
  int32_t found = XNNIR_KIND_NONE;
  static_cast<void>(((kind == kind_of(Value(std::in_place_index<kIndices>)) &&
                      (found = static_cast<int32_t>(kIndices), true)) ||
                     ...));
  return found;
}

static_assert(std::is_same_v<std::variant_alternative_t<XNNIR_KIND_TENSOR, Value>, Tensor>);
static_assert(std::is_same_v<std::variant_alternative_t<XNNIR_KIND_STRING, Value>, std::string>);
static_assert(
    std::is_same_v<std::variant_alternative_t<XNNIR_KIND_OPTIONAL_TENSOR_LIST, Value>, OptionalTensorList>);

} // namespace

xnnir_status report(const Status &status) {
  if (!status.ok())
    xnnir_set_last_error(status.message().c_str());
  return static_cast<xnnir_status>(status.code());
}

void clear_last_error() { last_error[0] = '\0'; }

Status from_callback(xnnir_status status, const char *what) {
  if (status == XNNIR_OK)
    return {};
  const StatusCode code = static_cast<StatusCode>(status);
  if (last_error[0] != '\0')
    return Status(code, last_error);
  return make_status(code, "%s failed (%s) and said no more", what, to_string(code));
}

Result<Tensor> to_tensor(const xnnir_tensor *given) {
  if (given == nullptr)
    return is_null("tensor");
  xnnir_tensor known;
  XNNIR_RETURN_IF_ERROR(read_struct(given, "xnnir_tensor", known));
  if (known.rank > kMaxTensorRank)
    return make_status(StatusCode::kInvalidArgument, "the tensor's rank is %u, expected at most %zu",
                       known.rank, kMaxTensorRank);
  if (known.rank > 0 && known.sizes == nullptr)
    return is_null("the tensor's sizes");
  if (known.dtype < INT8_MIN || known.dtype > INT8_MAX)
    return make_status(StatusCode::kInvalidArgument, "the tensor's dtype is %d, which is none", known.dtype);
  uint8_t contiguous[kMaxTensorRank];
  for (uint8_t i = 0; i < kMaxTensorRank; ++i)
    contiguous[i] = i;
  const uint8_t *order = known.dim_order != nullptr ? known.dim_order : contiguous;
  Result<Tensor> tensor =
      Tensor::make(static_cast<ScalarType>(known.dtype), Span<const int32_t>(known.sizes, known.rank),
                   Span<const uint8_t>(order, known.rank), ShapeDynamism::kStatic);
  if (!tensor.ok())
    return tensor;
  const size_t needed = tensor->nbytes();
  if (known.nbytes < needed)
    return make_status(StatusCode::kInvalidArgument, "the tensor has %zu bytes, expected %zu for its shape",
                       known.nbytes, needed);
  tensor->set_read_only_data(known.data, needed, known.nbytes - needed);
  return tensor;
}

Status write_tensor(const Tensor &tensor, xnnir_tensor *view) {
  xnnir_tensor value = {};
  value.data = tensor.data();
  value.nbytes = tensor.nbytes();
  value.dtype = static_cast<int32_t>(tensor.dtype());
  value.rank = static_cast<uint32_t>(tensor.rank());
  value.sizes = tensor.sizes().data();
  value.dim_order = tensor.dim_order().data();
  return write_struct(value, "xnnir_tensor", view);
}

int32_t kind_number(const Value &value) { return static_cast<int32_t>(value.index()); }

int32_t kind_number(const std::string &kind) {
  return find_kind(kind, std::make_index_sequence<std::variant_size_v<Value>>());
}

} // namespace xnnir::c_api

using namespace xnnir;

uint32_t xnnir_abi_version(void) { return XNNIR_ABI_VERSION; }
const char *xnnir_version(void) { return XNNIR_VERSION; }
const char *xnnir_status_name(xnnir_status status) { return to_string(static_cast<StatusCode>(status)); }
const char *xnnir_last_error(void) { return c_api::last_error; }
void xnnir_set_last_error(const char *message) {
  std::snprintf(c_api::last_error, sizeof(c_api::last_error), "%s", message == nullptr ? "" : message);
}

namespace {

bool is_dtype(int32_t number) { return number >= 0 && number <= INT8_MAX; }

} // namespace

const char *xnnir_dtype_name(int32_t dtype) {
  return is_dtype(dtype) ? to_string(static_cast<ScalarType>(dtype)) : "unknown";
}
size_t xnnir_dtype_size(int32_t dtype) {
  return is_dtype(dtype) ? element_size(static_cast<ScalarType>(dtype)) : 0;
}
