// Numbers outside of tensors: arithmetic of executorch_prim on symbolic sizes, aten::sym_size.int,
// aten::sym_numel and aten::_local_scalar_dense. A call has its operands and then the slot of the result.
//
// The semantics are Python's, whose expressions these are: // and % round to minus infinity, integers are
// refused where they would overflow 64 bits, and so is a division by zero.
#include <cmath>
#include <limits>

#include "core/overflow.h"
#include "kernels/arguments.h"
#include "kernels/elements.h"

namespace xnnir {

namespace {

// An int or a double; a bool is the int 0 or 1.
struct Number {
  bool is_double = false;
  int64_t integer = 0;
  double real = 0;
};

Number make_number(int64_t value) { return {false, value, static_cast<double>(value)}; }

Result<Number> number_of(const Value &value, const char *name) {
  if (const auto *integer = std::get_if<int64_t>(&value))
    return make_number(*integer);
  if (const auto *flag = std::get_if<bool>(&value))
    return make_number(*flag ? 1 : 0);
  if (const auto *real = std::get_if<double>(&value))
    return Number{true, 0, *real};
  return make_status(StatusCode::kInvalidType, "%s is of kind %s, expected int, double or bool", name,
                     kind_of(value));
}

Status check_count(Span<Value *> args, size_t count) {
  if (args.size() == count)
    return {};
  return make_status(StatusCode::kInvalidProgram, "the call has %zu arguments, expected %zu", args.size(),
                     count);
}

// Slots of tensors and lists are never given a number: other values refer to what they are.
Status store(Result<Value> result, Value &out) {
  if (!result.ok())
    return result.status();
  const bool free = std::holds_alternative<std::monostate>(out) || number_of(out, "out").ok();
  if (!free)
    return make_status(StatusCode::kInvalidType, "out is of kind %s, expected int, double or bool",
                       kind_of(out));
  out = std::move(*result);
  return {};
}

Status overflow(const char *what) {
  return make_status(StatusCode::kInvalidArgument, "the %s of the operands does not fit into 64 bits", what);
}

Status division_by_zero() { return make_status(StatusCode::kInvalidArgument, "division by zero: b is 0"); }

// A double that is a whole number already, as an int.
Result<Value> to_int(double value) {
  constexpr double kLimit = 0x1p63;
  if (!(value >= -kLimit && value < kLimit))
    return make_status(StatusCode::kInvalidArgument, "%g does not fit into a 64-bit int", value);
  return Value(static_cast<int64_t>(value));
}

using Binary = Result<Value> (*)(const Number &, const Number &);
using Unary = Result<Value> (*)(const Number &);

template <Binary kFunction> Status binary(KernelContext &, Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_count(args, 3));
  const Result<Number> a = number_of(*args[0], "a");
  const Result<Number> b = number_of(*args[1], "b");
  if (!a.ok() || !b.ok())
    return a.ok() ? b.status() : a.status();
  return store(kFunction(a.value(), b.value()), *args[2]);
}

template <Unary kFunction> Status unary(KernelContext &, Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_count(args, 2));
  const Result<Number> a = number_of(*args[0], "a");
  return a.ok() ? store(kFunction(a.value()), *args[1]) : a.status();
}

Result<Value> add(const Number &a, const Number &b) {
  int64_t sum = 0;
  if (a.is_double || b.is_double)
    return Value(a.real + b.real);
  return add_overflow(a.integer, b.integer, &sum) ? Result<Value>(overflow("sum")) : Value(sum);
}

Result<Value> sub(const Number &a, const Number &b) {
  int64_t difference = 0;
  if (a.is_double || b.is_double)
    return Value(a.real - b.real);
  return sub_overflow(a.integer, b.integer, &difference) ? Result<Value>(overflow("difference"))
                                                         : Value(difference);
}

Result<Value> mul(const Number &a, const Number &b) {
  int64_t product = 0;
  if (a.is_double || b.is_double)
    return Value(a.real * b.real);
  return mul_overflow(a.integer, b.integer, &product) ? Result<Value>(overflow("product")) : Value(product);
}

Result<Value> truediv(const Number &a, const Number &b) {
  return b.real == 0 ? Result<Value>(division_by_zero()) : Value(a.real / b.real);
}

// The remainder that has the divisor's sign.
double floor_mod(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder == 0)
    return std::copysign(0.0, b);
  return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

// The quotient that belongs to floor_mod; a / b itself may have been rounded up to a whole number.
double floor_div(double a, double b) {
  const double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (remainder < 0) != (b < 0))
    quotient -= 1;
  return quotient == 0 ? std::copysign(0.0, a / b) : std::nearbyint(quotient);
}

Result<Value> floordiv(const Number &a, const Number &b) {
  if (b.real == 0)
    return division_by_zero();
  if (a.is_double || b.is_double)
    return Value(floor_div(a.real, b.real));
  if (b.integer == -1)
    return sub(make_number(0), a);
  const int64_t quotient = a.integer / b.integer;
  const bool inexact = quotient * b.integer != a.integer;
  return Value(inexact && (a.integer < 0) != (b.integer < 0) ? quotient - 1 : quotient);
}

Result<Value> mod(const Number &a, const Number &b) {
  if (b.real == 0)
    return division_by_zero();
  if (a.is_double || b.is_double)
    return Value(floor_mod(a.real, b.real));
  if (b.integer == -1)
    return Value(int64_t{0});
  const int64_t remainder = a.integer % b.integer;
  return Value(remainder != 0 && (remainder < 0) != (b.integer < 0) ? remainder + b.integer : remainder);
}

template <typename Compare> bool compare(const Number &a, const Number &b, Compare holds) {
  return a.is_double || b.is_double ? holds(a.real, b.real) : holds(a.integer, b.integer);
}

Result<Value> eq(const Number &a, const Number &b) {
  return Value(compare(a, b, [](auto x, auto y) { return x == y; }));
}
Result<Value> gt(const Number &a, const Number &b) {
  return Value(compare(a, b, [](auto x, auto y) { return x > y; }));
}
Result<Value> ge(const Number &a, const Number &b) {
  return Value(compare(a, b, [](auto x, auto y) { return x >= y; }));
}
Result<Value> lt(const Number &a, const Number &b) { return gt(b, a); }
Result<Value> le(const Number &a, const Number &b) { return ge(b, a); }

Value value_of(const Number &number) { return number.is_double ? Value(number.real) : Value(number.integer); }

Result<Value> sym_max(const Number &a, const Number &b) {
  return value_of(compare(b, a, [](auto x, auto y) { return x > y; }) ? b : a);
}
Result<Value> sym_min(const Number &a, const Number &b) {
  return value_of(compare(b, a, [](auto x, auto y) { return x < y; }) ? b : a);
}

Result<Value> neg(const Number &a) { return a.is_double ? Value(-a.real) : sub(make_number(0), a); }
Result<Value> sym_float(const Number &a) { return Value(a.real); }
Result<Value> trunc(const Number &a) {
  return a.is_double ? to_int(std::trunc(a.real)) : Result<Value>(Value(a.integer));
}
Result<Value> ceil(const Number &a) {
  return a.is_double ? to_int(std::ceil(a.real)) : Result<Value>(Value(a.integer));
}
// Ties go to even numbers, as in Python.
Result<Value> round(const Number &a) {
  return a.is_double ? to_int(std::nearbyint(a.real)) : Result<Value>(Value(a.integer));
}

// sym_not(a)
Status sym_not(KernelContext &, Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_count(args, 2));
  const auto *a = std::get_if<bool>(args[0]);
  if (a == nullptr)
    return make_status(StatusCode::kInvalidType, "a is of kind %s, expected bool", kind_of(*args[0]));
  return store(Value(!*a), *args[1]);
}

// sym_ite(b, t, f): t when b holds, else f.
Status sym_ite(KernelContext &, Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_count(args, 4));
  const auto *condition = std::get_if<bool>(args[0]);
  if (condition == nullptr)
    return make_status(StatusCode::kInvalidType, "b is of kind %s, expected bool", kind_of(*args[0]));
  const Value &chosen = *args[*condition ? 1 : 2];
  const Result<Number> number = number_of(chosen, *condition ? "t" : "f");
  return number.ok() ? store(chosen, *args[3]) : number.status();
}

// sym_size.int(self, dim)
Status sym_size(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 3);
  // Only the shape is looked at, so memory need not be there.
  const auto *self = arguments.ok() ? std::get_if<Tensor>(args[0]) : nullptr;
  if (arguments.ok() && self == nullptr)
    return make_status(StatusCode::kInvalidType, "self is of kind %s, expected tensor", kind_of(*args[0]));
  const size_t dim = arguments.dim(1, "dim", self == nullptr ? 0 : self->rank());
  if (!arguments.ok())
    return arguments.status();
  if (self->rank() == 0)
    return make_status(StatusCode::kInvalidArgument, "self is a scalar, which has no sizes");
  return store(Value(int64_t{self->sizes()[dim]}), *args[2]);
}

// sym_numel(self)
Status sym_numel(KernelContext &, Span<Value *> args) {
  XNNIR_RETURN_IF_ERROR(check_count(args, 2));
  const auto *self = std::get_if<Tensor>(args[0]);
  if (self == nullptr)
    return make_status(StatusCode::kInvalidType, "self is of kind %s, expected tensor", kind_of(*args[0]));
  return store(Value(static_cast<int64_t>(self->numel())), *args[1]);
}

// The first element, as int for integers, double for floating types, bool for bools.
Result<Value> first_element(const Tensor &self) {
  if (self.dtype() == ScalarType::kBool)
    return Value(*self.data_as<uint8_t>() != 0);
  double real = 0;
  int64_t integer = 0;
  switch (self.dtype()) {
  case ScalarType::kHalf:
  case ScalarType::kBFloat16:
  case ScalarType::kFloat:
  case ScalarType::kDouble:
    convert_elements(self.dtype(), self.data(), ScalarType::kDouble, &real, 1);
    return Value(real);
  default:
    if (self.dtype() == ScalarType::kUInt64 && *self.data_as<uint64_t>() > INT64_MAX)
      return make_status(StatusCode::kInvalidArgument, "self is %llu, which does not fit into a 64-bit int",
                         static_cast<unsigned long long>(*self.data_as<uint64_t>()));
    if (!convert_elements(self.dtype(), self.data(), ScalarType::kLong, &integer, 1))
      return make_status(StatusCode::kNotSupported, "self has dtype %s, which has no numbers",
                         to_string(self.dtype()));
    return Value(integer);
  }
}

// _local_scalar_dense(self)
Status local_scalar_dense(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 2);
  const Tensor *self = arguments.tensor(0, "self");
  if (!arguments.ok())
    return arguments.status();
  if (self->numel() == 0)
    return make_status(StatusCode::kInvalidArgument, "self has no elements, expected one");
  return store(first_element(*self), *args[1]);
}

const KernelRegistration kRegistrations[] = {
    {"executorch_prim::add.Scalar", binary<add>},
    {"executorch_prim::ceil.Scalar", unary<ceil>},
    {"executorch_prim::eq.Scalar", binary<eq>},
    {"executorch_prim::floordiv.Scalar", binary<floordiv>},
    {"executorch_prim::floordiv.int", binary<floordiv>},
    {"executorch_prim::ge.Scalar", binary<ge>},
    {"executorch_prim::gt.Scalar", binary<gt>},
    {"executorch_prim::le.Scalar", binary<le>},
    {"executorch_prim::lt.Scalar", binary<lt>},
    {"executorch_prim::mod.Scalar", binary<mod>},
    {"executorch_prim::mod.int", binary<mod>},
    {"executorch_prim::mul.Scalar", binary<mul>},
    {"executorch_prim::neg.Scalar", unary<neg>},
    {"executorch_prim::round.Scalar", unary<round>},
    {"executorch_prim::sub.Scalar", binary<sub>},
    {"executorch_prim::sym_float.Scalar", unary<sym_float>},
    {"executorch_prim::sym_int.Scalar", unary<trunc>},
    {"executorch_prim::sym_ite.Scalar", sym_ite},
    {"executorch_prim::sym_max.Scalar", binary<sym_max>},
    {"executorch_prim::sym_min.Scalar", binary<sym_min>},
    {"executorch_prim::sym_not.Scalar", sym_not},
    {"executorch_prim::truediv.Scalar", binary<truediv>},
    {"executorch_prim::trunc.Scalar", unary<trunc>},
    {"aten::_local_scalar_dense", local_scalar_dense},
    {"aten::sym_numel", sym_numel},
    {"aten::sym_size.int", sym_size},
};

} // namespace

} // namespace xnnir
