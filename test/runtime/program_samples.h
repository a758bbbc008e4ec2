// Programs for tests that damage them.
#pragma once

#include "program_builder.h"

namespace xnnir::test {

inline constexpr float kNumbers[] = {1, 2, 3, 4, 5, 6};

// view_copy of an input into an arena, then a permutation with a constant beside it: a bit of everything.
inline void fill(ProgramBuilder &builder) {
  builder.arenas = {0, 64};
  const int32_t input = builder.tensor({{2, 3}});
  const int32_t size = builder.int_list({3, 2});
  const int32_t viewed = builder.tensor({{3, 2}, {}, 6, 0, 0});
  const int32_t dims = builder.int_list({1, 0});
  const int32_t output = builder.tensor({{2, 3}, {}, 6, 0, 32});
  const int32_t constant =
      builder.tensor({{6}, {}, 6, 0, std::nullopt, 1, builder.constant(kNumbers, sizeof(kNumbers))});
  builder.kernel_call("aten::view_copy", "out", {input, size, viewed, viewed});
  builder.kernel_call("aten::permute_copy", "out", {viewed, dims, output, output});
  builder.inputs = {input};
  builder.outputs = {output, constant};
}

// A loop over rows with moves, a view, a free, an initial state, and a tensor without a bound.
inline std::vector<uint8_t> control_flow_program() {
  constexpr int8_t kBound = 1;
  constexpr int8_t kUnbound = 2;
  ProgramBuilder builder;
  builder.arenas = {0, 256};
  const float start[] = {1, 2};
  const int32_t input = builder.tensor({{4, 2}, {}, 6, kBound});
  const int32_t row = builder.tensor({{2}, {}, 6, 0, 0});
  const int32_t state = builder.tensor({{2}, {}, 6, 0, 64, 1, builder.initial_state(start, sizeof(start))});
  const int32_t output = builder.tensor({{4, 2}, {}, 6, kBound, 128});
  const int32_t sum = builder.tensor({{2}, {}, 6, 0, 192});
  const int32_t no = builder.boolean(false);
  const int32_t zero = builder.integer(0);
  const int32_t one = builder.integer(1);
  const int32_t index = builder.integer(0);
  const int32_t rows = builder.integer(0);
  const int32_t done = builder.boolean(false);
  const int32_t places = builder.tensor({{8, 2}, {}, 4, kUnbound});
  const int32_t list = builder.tensor_list({input, output});
  const int32_t joined = builder.tensor({{8, 2}, {}, 6, kUnbound});
  const int32_t moved = builder.none();
  builder.kernel_call("aten::sym_size", "int", {input, zero, rows});
  builder.kernel_call("aten::select_copy", "int_out", {input, zero, index, row, row});
  builder.kernel_call("aten::add", "out", {row, state, one, sum, sum});
  builder.kernel_call("aten::copy_", "", {state, sum, no, state});
  builder.kernel_call("executorch_prim::et_copy_index", "tensor", {output, state, index});
  builder.kernel_call("executorch_prim::add", "Scalar", {index, one, index});
  builder.kernel_call("executorch_prim::eq", "Scalar", {index, rows, done});
  builder.jump_false(done, 1);
  builder.kernel_call("aten::nonzero", "out", {output, places, places});
  builder.kernel_call("aten::cat", "out", {list, zero, joined, joined});
  builder.move(joined, moved);
  builder.free(places);
  builder.inputs = {input};
  builder.outputs = {output, moved, index};
  return builder.build();
}

// A program around a blob with the inputs and outputs of delegate_samples.h.
inline std::vector<uint8_t> delegate_program(const std::vector<uint8_t> &blob, const std::string &backend) {
  ProgramBuilder builder;
  builder.constant(blob.data(), blob.size());
  builder.delegate(backend, 0);
  const int32_t x = builder.tensor({{1, 4, 4, 3}});
  const int32_t extra = builder.tensor({{1, 2, 2, 4}, {}, 6, 1});
  const int32_t y = builder.tensor({{1, 3}, {}, 6, 1});
  builder.delegate_call(0, {x, extra, y});
  builder.inputs = {x, extra};
  builder.outputs = {y};
  return builder.build();
}

} // namespace xnnir::test
