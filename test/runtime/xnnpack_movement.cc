// Nodes that move numbers, on generated shapes.
#include <numeric>

#include "delegate_runner.h"

namespace xnnir::test {
namespace {

// Calls `visit(indices)` for every element, last dimension fastest.
template <typename Visit> void for_each_index(const Dims &dims, Visit visit) {
  Dims index(dims.size());
  for (size_t n = count(dims); n-- > 0;) {
    visit(index);
    for (size_t i = dims.size(); i-- > 0;) {
      if (++index[i] < dims[i])
        break;
      index[i] = 0;
    }
  }
}

size_t flat(const Dims &dims, const Dims &index) {
  size_t offset = 0;
  for (size_t i = 0; i < dims.size(); ++i)
    offset = offset * dims[i] + index[i];
  return offset;
}

TEST(Blocks, GoToChannelsAndBack) {
  Random random(30);
  for (int round = 0; round < 30; ++round) {
    const uint32_t block = random.pick(2, 3);
    const uint32_t n = random.pick(1, 2), h = random.pick(1, 3), w = random.pick(1, 3), c = random.pick(1, 3);
    const Dims image = {n, h * block, w * block, c};
    const Dims deep = {n, h, w, block * block * c};
    const auto x = random.reals(count(image));
    BlobBuilder blob;
    const auto in = blob.input(image);
    const auto out = blob.output(deep);
    const auto back = blob.output(image);
    blob.blocks(XNodeUnion::XNNSpaceToDepth2D, block, in, out);
    blob.blocks(XNodeUnion::XNNDepthToSpace2D, block, out, back);
    Argument input(image, x);
    Argument output(deep);
    Argument again(image);
    ASSERT_TRUE(load_and_run(blob, {&input, &output, &again}));
    std::vector<float> expected(x.size());
    for_each_index(image, [&](const Dims &index) {
      const uint32_t channel = (index[1] % block * block + index[2] % block) * c + index[3];
      expected[flat(deep, {index[0], index[1] / block, index[2] / block, channel})] = x[flat(image, index)];
    });
    EXPECT_EQ(output.read(), expected);
    EXPECT_EQ(again.read(), x);
  }
}

TEST(Transpose, PermutesAnyRank) {
  Random random(31);
  for (int round = 0; round < 60; ++round) {
    const Dims in = random.dims(random.pick(1, 6), 5);
    Dims perm(in.size());
    std::iota(perm.begin(), perm.end(), 0u);
    for (size_t i = perm.size(); i > 1; --i)
      std::swap(perm[i - 1], perm[random.pick(0, static_cast<uint32_t>(i) - 1)]);
    Dims out;
    for (uint32_t dimension : perm)
      out.push_back(in[dimension]);
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.transpose(perm, in_id, out_id);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected(x.size());
    for_each_index(out, [&](const Dims &index) {
      Dims source(in.size());
      for (size_t i = 0; i < perm.size(); ++i)
        source[perm[i]] = index[i];
      expected[flat(out, index)] = x[flat(in, source)];
    });
    EXPECT_EQ(output.read(), expected);
  }
}

TEST(Reshape, KeepsNumbersAndWorksOutAnOpenSize) {
  Random random(32);
  for (int round = 0; round < 30; ++round) {
    const Dims in = random.dims(4, 4);
    const auto x = random.reals(count(in));
    const bool open = random.pick(0, 1) == 0;
    const Dims out = {in[0] * in[1], in[2] * in[3]};
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.reshape({open ? 0 : out[0], out[1]}, in_id, out_id);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    EXPECT_EQ(output.read(), x);
  }
}

TEST(Slice, TakesABox) {
  Random random(33);
  for (int round = 0; round < 60; ++round) {
    const Dims in = random.dims(random.pick(1, 6), 6);
    Dims offsets, sizes;
    for (uint32_t size : in) {
      offsets.push_back(random.pick(0, size - 1));
      sizes.push_back(random.pick(1, size - offsets.back()));
    }
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(sizes);
    blob.slice(offsets, sizes, in_id, out_id);
    Argument input(in, x);
    Argument output(sizes);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected(count(sizes));
    for_each_index(sizes, [&](const Dims &index) {
      Dims source = index;
      for (size_t i = 0; i < source.size(); ++i)
        source[i] += offsets[i];
      expected[flat(sizes, index)] = x[flat(in, source)];
    });
    EXPECT_EQ(output.read(), expected);
  }
}

TEST(ConstantPad, SurroundsWithAValue) {
  Random random(34);
  for (int round = 0; round < 60; ++round) {
    const Dims in = random.dims(random.pick(1, 6), 4);
    Dims pre, post, out;
    for (uint32_t size : in) {
      pre.push_back(random.pick(0, 2));
      post.push_back(random.pick(0, 2));
      out.push_back(pre.back() + size + post.back());
    }
    const float fill = random.real(-1, 1);
    const auto x = random.reals(count(in));
    BlobBuilder blob;
    const auto in_id = blob.input(in);
    const auto out_id = blob.output(out);
    blob.pad(pre, post, fill, in_id, out_id);
    Argument input(in, x);
    Argument output(out);
    ASSERT_TRUE(load_and_run(blob, {&input, &output}));
    std::vector<float> expected(count(out), fill);
    for_each_index(in, [&](const Dims &index) {
      Dims target = index;
      for (size_t i = 0; i < target.size(); ++i)
        target[i] += pre[i];
      expected[flat(out, target)] = x[flat(in, index)];
    });
    EXPECT_EQ(output.read(), expected);
  }
}

TEST(Concatenate, JoinsTwoToFive) {
  Random random(35);
  for (int round = 0; round < 60; ++round) {
    const size_t parts = random.pick(2, 5);
    Dims out = random.dims(random.pick(1, 6), 4);
    const uint32_t axis = random.pick(0, static_cast<uint32_t>(out.size()) - 1);
    std::vector<Dims> dims(parts, out);
    out[axis] = 0;
    for (Dims &part : dims) {
      part[axis] = random.pick(1, 4);
      out[axis] += part[axis];
    }
    BlobBuilder blob;
    std::vector<uint32_t> ids;
    std::vector<Argument> arguments;
    std::vector<std::vector<float>> numbers;
    for (const Dims &part : dims) {
      numbers.push_back(random.reals(count(part)));
      ids.push_back(blob.input(part));
      arguments.emplace_back(part, numbers.back());
    }
    const auto out_id = blob.output(out);
    blob.concatenate(axis, ids, out_id);
    arguments.emplace_back(out);
    auto delegate = blob.load();
    ASSERT_TRUE(delegate.ok()) << delegate.status().message();
    std::vector<Value *> values;
    for (Argument &argument : arguments)
      values.push_back(argument.value());
    const Status status = (*delegate)->execute(values);
    ASSERT_TRUE(status.ok()) << status.message();
    std::vector<float> expected(count(out));
    uint32_t offset = 0;
    for (size_t part = 0; part < parts; ++part) {
      for_each_index(dims[part], [&](const Dims &index) {
        Dims target = index;
        target[axis] += offset;
        expected[flat(out, target)] = numbers[part][flat(dims[part], index)];
      });
      offset += dims[part][axis];
    }
    EXPECT_EQ(arguments.back().read(), expected);
  }
}

// Copies vanish where nothing needs them, and stay between an input and an output.
TEST(Copy, ChainsAreFolded) {
  Random random(36);
  const auto x = random.reals(24);
  BlobBuilder blob;
  const auto in = blob.input({2, 12});
  const auto a = blob.value({2, 12});
  const auto b = blob.value({2, 12});
  const auto c = blob.value({2, 12});
  const auto out = blob.output({2, 12});
  const auto second = blob.output({2, 12});
  blob.unary(XNodeUnion::XNNCopy, in, a);
  blob.unary(XNodeUnion::XNNNegate, a, b);
  blob.unary(XNodeUnion::XNNCopy, b, c);
  blob.unary(XNodeUnion::XNNCopy, c, out);
  blob.unary(XNodeUnion::XNNCopy, a, second);
  Argument input({2, 12}, x);
  Argument output({2, 12});
  Argument copied({2, 12});
  auto delegate = blob.load(/*profile=*/true);
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  ASSERT_TRUE(run(**delegate, {&input, &output, &copied}).ok());
  std::vector<float> negated;
  for (float number : x)
    negated.push_back(-number);
  EXPECT_EQ(output.read(), negated);
  EXPECT_EQ(copied.read(), x);
  EXPECT_EQ((*delegate)->profile_events().size(), 2u);
}

} // namespace
} // namespace xnnir::test
