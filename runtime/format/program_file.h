// A .pte file, checked: its segments, constants and named data, and its methods decoded.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "format/budget.h"
#include "format/method_plan.h"
#include "format/program_header.h"
#include "xnnir/backend.h"

namespace xnnir::schema::program {
struct BackendDelegateDataReference;
struct Program;
} // namespace xnnir::schema::program

namespace xnnir {

// Views of the caller's bytes, which must outlive it and be aligned to 16 bytes.
class ProgramFile final : public NamedDataMap {
public:
  // Checks everything that the file says. kInvalidProgram names the field that is wrong; kNotSupported names
  // what this runtime does not do (another device than the CPU); kOutOfResources names the limit.
  static Result<std::unique_ptr<ProgramFile>> open(Span<const uint8_t> bytes, const Limits &limits = {});

  const std::vector<MethodPlan> &methods() const { return methods_; }
  Result<Span<const uint8_t>> get(const std::string &key) const override;
  std::vector<std::string> named_data_keys() const;

  // What follows serves the readers of methods; `field` names the referring field in messages.

  Result<Span<const uint8_t>> segment(const char *field, uint64_t index) const;
  // The first `nbytes` of constant `index`, which is one or more.
  Result<Span<const uint8_t>> constant(uint32_t index, size_t nbytes) const;
  // The first `nbytes` of the initial state `index` in mutable_data_segments[`segments`].
  Result<Span<const uint8_t>> initial_state(uint64_t segments, uint32_t index, size_t nbytes) const;
  Result<Span<const uint8_t>>
  delegate_data(const schema::program::BackendDelegateDataReference &reference) const;

private:
  ProgramFile() = default;
  Status check_segments(TableBudget &budget);
  Status check_constants() const;
  Status read_named_data(TableBudget &budget);
  Status read_methods(TableBudget &budget);

  ProgramLayout layout_;
  const schema::program::Program *root_ = nullptr;
  std::vector<Span<const uint8_t>> segments_;
  std::unordered_map<std::string, Span<const uint8_t>> named_data_;
  std::vector<MethodPlan> methods_;
};

} // namespace xnnir
