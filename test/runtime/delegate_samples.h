// Delegate blobs with every kind of node, all with inputs [1, 4, 4, 3] and [1, 2, 2, 4] and output [1, 3].
#pragma once

#include "delegate_runner.h"

namespace xnnir::test {

// A graph with something of everything that has offsets, counts and indices.
inline void make_sample(BlobBuilder &blob) {
  Random random(71);
  const auto x = blob.input({1, 4, 4, 3});
  const auto extra = blob.input({1, 2, 2, 4});
  const auto padded = blob.value({1, 6, 6, 3});
  const auto filter = blob.constant({4, 3, 3, 3}, random.reals(108));
  const auto bias = blob.constant({4}, random.reals(4));
  const auto convolved = blob.value({1, 4, 4, 4});
  const auto pooled = blob.value({1, 2, 2, 4});
  const auto joined = blob.value({1, 2, 2, 8});
  const auto transposed = blob.value({1, 8, 2, 2});
  const auto flat = blob.value({1, 32});
  const auto quantized = blob.value({1, 32}, rows(1));
  const auto w =
      blob.constant({5, 32}, random.bytes(160, -127, 127),
                    per_channel(XNNDatatype::xnn_datatype_qcint8, random.reals(5, 0.01f, 0.1f), 0));
  const auto product = blob.value({1, 5});
  const auto y = blob.output({1, 3});
  blob.pad({0, 1, 1, 0}, {0, 1, 1, 0}, 0.5f, x, padded);
  Conv conv;
  conv.kernel_height = conv.kernel_width = 3;
  conv.group_input_channels = 3;
  conv.group_output_channels = 4;
  blob.conv(XNodeUnion::XNNConv2d, conv, padded, filter, bias, convolved, {0.0f, 6.0f});
  Pool pool;
  pool.stride_height = pool.stride_width = 2;
  blob.pool(XNodeUnion::XNNMaxPooling2d, pool, convolved, pooled);
  blob.concatenate(3, {pooled, extra}, joined);
  blob.transpose({0, 3, 1, 2}, joined, transposed);
  blob.reshape({1, 32}, transposed, flat);
  blob.unary(XNodeUnion::XNNConvert, flat, quantized);
  blob.fully_connected(quantized, w, kNone, product);
  blob.slice({0, 1}, {1, 3}, product, y);
}

// The nodes that the first sample leaves out, on the same inputs and output.
inline void make_second_sample(BlobBuilder &blob) {
  Random random(72);
  const auto x = blob.input({1, 4, 4, 3});
  const auto extra = blob.input({1, 2, 2, 4});
  const auto deep = blob.constant({1, 2, 2, 6}, random.reals(24));
  const auto up = blob.constant({4, 2, 2, 4}, random.reals(64));
  const auto coded = blob.value({1, 4, 4, 3}, qint8(0.05f, 3));
  const auto w = blob.constant({2, 1, 1, 3}, random.bytes(6), qint8(0.02f, 0));
  const auto bias = blob.constant({2}, std::vector<int32_t>{5, -7},
                                  {XNNDatatype::xnn_datatype_qint32, 0.001f, 0, {}, 0, {}, 0, 0});
  const auto narrow = blob.value({1, 4, 4, 2}, qint8(0.05f, 0));
  const auto real = blob.value({1, 4, 4, 2});
  const auto wide = blob.value({1, 3, 3, 6});
  const auto big = blob.value({1, 4, 4, 4});
  const auto resized = blob.value({1, 3, 3, 4});
  const auto averaged = blob.value({1, 1, 1, 6});
  const auto means = blob.value({1, 1, 1, 4});
  const auto row = blob.value({1, 6});
  const auto column = blob.value({1, 4});
  const auto matrix = blob.value({6, 1});
  const auto products = blob.value({6, 4});
  const auto head = blob.value({1, 3});
  const auto sharp = blob.value({1, 3});
  const auto y = blob.output({1, 3});
  blob.unary(XNodeUnion::XNNConvert, x, coded);
  Conv one;
  one.group_input_channels = 3;
  one.group_output_channels = 2;
  blob.conv(XNodeUnion::XNNConv2d, one, coded, w, bias, narrow);
  blob.unary(XNodeUnion::XNNConvert, narrow, real);
  Conv depthwise;
  depthwise.kernel_height = depthwise.kernel_width = 2;
  depthwise.groups = 3;
  depthwise.group_output_channels = 2;
  blob.conv(XNodeUnion::XNNDepthwiseConv2d, depthwise, x, deep, kNone, wide);
  Conv transposed;
  transposed.kernel_height = transposed.kernel_width = 2;
  transposed.stride_height = transposed.stride_width = 2;
  transposed.group_input_channels = transposed.group_output_channels = 4;
  blob.conv(XNodeUnion::XNNConvTranspose2d, transposed, extra, up, kNone, big);
  blob.resize(3, 3, big, resized, 8);
  Pool pool;
  pool.height = pool.width = 3;
  blob.pool(XNodeUnion::XNNAvgPooling2d, pool, wide, averaged);
  blob.unary(XNodeUnion::XNNGlobalAvgPooling2d, resized, means, {0.0f, 9.0f}, 0x40);
  blob.reshape({0, 6}, averaged, row);
  blob.reshape({1, 4}, means, column);
  blob.reshape({6, 1}, row, matrix);
  blob.binary(XNodeUnion::XNNBatchMatrixMultiply, matrix, column, products);
  blob.slice({2, 1}, {1, 3}, products, head);
  blob.slope(XNodeUnion::XNNLeakyReLU, 0.1f, head, sharp);
  blob.unary(XNodeUnion::XNNSoftmax, sharp, y);
}

// The nodes that stock runtimes lack.
inline void make_third_sample(BlobBuilder &blob) {
  Random random(73);
  const auto x = blob.input({1, 4, 4, 3});
  const auto extra = blob.input({1, 2, 2, 4});
  const auto deep = blob.value({1, 2, 2, 12});
  const auto wide = blob.value({1, 4, 4, 1});
  const auto means = blob.value({2, 12});
  const auto rounded = blob.value({2, 12});
  const auto signs = blob.value({2, 12});
  const auto distances = blob.value({2, 12});
  const auto powers = blob.value({2, 12});
  const auto remainders = blob.value({2, 12});
  const auto angles = blob.value({2, 12});
  const auto signed_angles = blob.value({2, 12});
  const auto sums = blob.value({12});
  const auto columns = blob.value({1, 4, 1, 1});
  const auto row = blob.value({4, 1});
  const auto rows_and_sums = blob.value({4, 12});
  const auto y = blob.output({1, 3});
  blob.blocks(XNodeUnion::XNNSpaceToDepth2D, 2, x, deep);
  blob.blocks(XNodeUnion::XNNDepthToSpace2D, 2, extra, wide);
  blob.reduce(fb::XNNReduceOperator::mean, {0, 1}, deep, means);
  blob.unary(XNodeUnion::XNNBankersRounding, means, rounded);
  blob.unary(XNodeUnion::XNNSign, means, signs);
  blob.binary(XNodeUnion::XNNSquaredDifference, rounded, means, distances);
  blob.binary(XNodeUnion::XNNPow, distances, distances, powers);
  blob.binary(XNodeUnion::XNNModulus, means, blob.constant({12}, random.reals(12, 1.0f, 2.0f)), remainders);
  blob.binary(XNodeUnion::XNNAtan2, powers, remainders, angles);
  blob.binary(XNodeUnion::XNNCopysign, angles, signs, signed_angles);
  blob.reduce(fb::XNNReduceOperator::sum, {0}, signed_angles, sums);
  blob.reduce(fb::XNNReduceOperator::sum, {2}, wide, columns, 0x40);
  blob.reshape({4, 1}, columns, row);
  blob.binary(XNodeUnion::XNNAdd, row, sums, rows_and_sums);
  blob.slice({2, 1}, {1, 3}, rows_and_sums, y);
}

using Sample = void (*)(BlobBuilder &blob);
constexpr Sample kSamples[] = {make_sample, make_second_sample, make_third_sample};

} // namespace xnnir::test
