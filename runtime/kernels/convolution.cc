// aten::convolution: of one to three dimensions, grouped, dilated, transposed.
//
// A group is a product of matrices: its weights [channels out, channels in * window] times a matrix that has
// what each output element sees as a column. That matrix is never whole in memory: its panels are gathered as
// the product needs them. A transposed convolution gathers too: through output element o tap k sees input
// element (o + padding - k dilation) / stride, where that is whole, and zero between.
#include <limits>

#include "kernels/matmul.h"
#include "kernels/strided_copy.h"
#include "kernels/window.h"

namespace xnnir {

namespace {

struct Call {
  const Tensor *input;
  const Tensor *weight;
  // Null for none.
  const Tensor *bias;
  bool transposed;
  size_t groups;
  Tensor *out;
  // `planes` is the batch.
  Window window;
  size_t spatial;
  size_t in_channels;
  size_t out_channels;
  Dims sizes;
};

// Where output `index` of an axis looks with tap `tap`; -1 for padding.
int64_t source(const WindowAxis &axis, bool transposed, int64_t index, int64_t tap) {
  int64_t at;
  if (!transposed) {
    at = index * axis.stride - axis.padding + tap * axis.dilation;
  } else {
    at = index + axis.padding - tap * axis.dilation;
    if (at < 0 || at % axis.stride != 0)
      return -1;
    at /= axis.stride;
  }
  return at < axis.input ? at : -1;
}

// Gathers panels of the matrix of one image's group.
template <typename T> class Columns {
public:
  explicit Columns(const Call &call)
      : axes_(call.window.axes), transposed_(call.transposed), plane_(call.window.input_plane()),
        taps_(call.window.kernel_size()) {}

  // Rows are (channel, tap), columns are output elements; `input` is the group's first channel.
  void pack(const T *input, size_t row, size_t rows, size_t column, size_t columns, T *panel) const {
    for (size_t r = 0; r < rows; ++r) {
      const size_t channel = (row + r) / taps_;
      const int64_t tap = static_cast<int64_t>((row + r) % taps_);
      const int64_t taps[] = {tap / axes_[2].kernel / axes_[1].kernel,
                              tap / axes_[2].kernel % axes_[1].kernel, tap % axes_[2].kernel};
      pack_row(input + channel * plane_, taps, column, columns, panel + r * kPanelColumns<T>);
    }
  }

private:
  void pack_row(const T *plane, const int64_t *taps, size_t column, size_t columns, T *out) const {
    size_t c = 0;
    while (c < columns) {
      // As far as the row of the output goes.
      const size_t width = static_cast<size_t>(axes_[2].output);
      const size_t line = (column + c) / width;
      const int64_t x = static_cast<int64_t>((column + c) % width);
      const size_t count = std::min(columns - c, width - static_cast<size_t>(x));
      const int64_t y = source(axes_[1], transposed_, static_cast<int64_t>(line) % axes_[1].output, taps[1]);
      const int64_t z = source(axes_[0], transposed_, static_cast<int64_t>(line) / axes_[1].output, taps[0]);
      if (y < 0 || z < 0)
        std::fill_n(out + c, count, T{});
      else
        pack_line(plane + (z * axes_[1].input + y) * axes_[2].input, taps[2], x, count, out + c);
      c += count;
    }
  }

  void pack_line(const T *line, int64_t tap, int64_t x, size_t count, T *out) const {
    const WindowAxis &axis = axes_[2];
    if (transposed_ || axis.stride != 1) {
      for (size_t i = 0; i < count; ++i) {
        const int64_t at = source(axis, transposed_, x + static_cast<int64_t>(i), tap);
        out[i] = at < 0 ? T{} : line[at];
      }
      return;
    }
    const int64_t start = x - axis.padding + tap * axis.dilation;
    const int64_t size = static_cast<int64_t>(count);
    const int64_t first = std::clamp<int64_t>(-start, 0, size);
    const int64_t last = std::clamp<int64_t>(axis.input - start, first, size);
    std::fill(out, out + first, T{});
    std::copy(line + start + first, line + start + last, out + first);
    std::fill(out + last, out + size, T{});
  }

  const WindowAxis *axes_;
  bool transposed_;
  size_t plane_;
  size_t taps_;
};

// Transposed weights are [channels in, channels out / groups, window]: the product wants the outputs first.
template <typename T> void order_weights(const Call &call, const T *weights, T *ordered) {
  const size_t ins = call.in_channels / call.groups;
  const size_t outs = call.out_channels / call.groups;
  const size_t taps = call.window.kernel_size();
  for (size_t group = 0; group < call.groups; ++group)
    for (size_t in = 0; in < ins; ++in)
      for (size_t out = 0; out < outs; ++out)
        std::copy_n(weights + ((group * ins + in) * outs + out) * taps, taps,
                    ordered + ((group * outs + out) * ins + in) * taps);
}

template <typename T> Status run(KernelContext &context, const Call &call) {
  DenseInput<T> input;
  DenseInput<T> weights;
  DenseInput<T> bias;
  DenseOutput<T> out;
  Scratch<T> ordered;
  XNNIR_RETURN_IF_ERROR(input.read(context, *call.input));
  XNNIR_RETURN_IF_ERROR(weights.read(context, *call.weight));
  if (call.bias != nullptr)
    XNNIR_RETURN_IF_ERROR(bias.read(context, *call.bias));
  const T *matrix = weights.data();
  if (call.transposed) {
    XNNIR_RETURN_IF_ERROR(ordered.allocate(call.weight->numel()));
    order_weights(call, weights.data(), ordered.data());
    matrix = ordered.data();
  }
  XNNIR_RETURN_IF_ERROR(resize_output(*call.out, call.sizes));
  XNNIR_RETURN_IF_ERROR(out.prepare(*call.out));
  if (call.out->numel() == 0)
    return {};

  const size_t ins = call.in_channels / call.groups;
  const size_t outs = call.out_channels / call.groups;
  const size_t in_plane = call.window.input_plane();
  const size_t out_plane = call.window.output_plane();
  const Columns<T> columns(call);
  const MatrixProduct<T> product = {call.window.planes * call.groups,
                                    outs,
                                    out_plane,
                                    ins * call.window.kernel_size(),
                                    matrix,
                                    call.groups,
                                    out.data()};
  multiply(context.threads(), product,
           [&](size_t batch, size_t row, size_t rows, size_t column, size_t count, T *panel) {
             columns.pack(input.data() + batch * ins * in_plane, row, rows, column, count, panel);
           });
  if (call.bias != nullptr)
    parallel_for(context.threads(), call.window.planes * call.out_channels, out_plane,
                 [&](size_t start, size_t count) {
                   for (size_t plane = start; plane < start + count; ++plane) {
                     const T value = bias.data()[plane % call.out_channels];
                     T *to = out.data() + plane * out_plane;
                     for (size_t i = 0; i < out_plane; ++i)
                       to[i] += value;
                   }
                 });
  return out.store(context);
}

// The sizes of the result along an axis.
Result<int64_t> output_size(const WindowAxis &axis, bool transposed, int64_t output_padding) {
  const int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
  const int64_t room = transposed
                           ? (axis.input - 1) * axis.stride - 2 * axis.padding + extent + output_padding
                           : axis.input + 2 * axis.padding - extent;
  const int64_t size = transposed ? room : (room < 0 ? -1 : room / axis.stride + 1);
  if (size < 0 || size > std::numeric_limits<int32_t>::max())
    return make_status(
        StatusCode::kInvalidArgument,
        "a filter of %lld elements (dilation %lld) does not fit an input of %lld with its padding of "
        "%lld",
        static_cast<long long>(axis.kernel), static_cast<long long>(axis.dilation),
        static_cast<long long>(axis.input), static_cast<long long>(axis.padding));
  return size;
}

struct Lists {
  Dims stride;
  Dims padding;
  Dims dilation;
  Dims output_padding;
};

Status read_axes(const Lists &lists, Call &call) {
  for (size_t i = 0; i < call.spatial; ++i) {
    WindowAxis &axis = call.window.axes[kMaxSpatialDims - call.spatial + i];
    axis.input = call.input->sizes()[call.input->rank() - call.spatial + i];
    axis.kernel = call.weight->sizes()[2 + i];
    if (axis.kernel == 0)
      return make_status(StatusCode::kInvalidArgument, "weight has size 0 in dimension %zu", 2 + i);
    int64_t extra = 0;
    struct {
      int64_t *to;
      const Dims *list;
      int64_t otherwise;
      int64_t low;
      const char *name;
    } const entries[] = {{&axis.stride, &lists.stride, 1, 1, "stride"},
                         {&axis.padding, &lists.padding, 0, 0, "padding"},
                         {&axis.dilation, &lists.dilation, 1, 1, "dilation"},
                         {&extra, &lists.output_padding, 0, 0, "output_padding"}};
    for (const auto &entry : entries) {
      Result<int64_t> value =
          window_entry(*entry.list, i, call.spatial, entry.otherwise, entry.low, entry.name);
      if (!value.ok())
        return value.status();
      *entry.to = *value;
    }
    if (call.transposed && extra >= std::max(axis.stride, axis.dilation))
      return make_status(StatusCode::kInvalidArgument,
                         "output_padding[%zu] is %lld, expected less than the stride or the dilation", i,
                         static_cast<long long>(extra));
    Result<int64_t> size = output_size(axis, call.transposed, extra);
    if (!size.ok())
      return size.status();
    axis.output = *size;
    call.sizes.append(*size);
  }
  return {};
}

Status read_channels(int64_t groups, Call &call) {
  const Tensor &weight = *call.weight;
  call.in_channels = static_cast<size_t>(call.input->sizes()[call.input->rank() - call.spatial - 1]);
  if (groups < 1 || groups > std::numeric_limits<int32_t>::max() || weight.sizes()[0] % groups != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "groups is %lld, expected a divisor of weight's size of %d",
                       static_cast<long long>(groups), weight.sizes()[0]);
  call.groups = static_cast<size_t>(groups);
  const size_t first = static_cast<size_t>(weight.sizes()[0]);
  const size_t second = static_cast<size_t>(weight.sizes()[1]);
  call.out_channels = call.transposed ? second * call.groups : first;
  const size_t expected = call.transposed ? first : second * call.groups;
  if (call.in_channels != expected)
    return make_status(StatusCode::kInvalidArgument, "input has %zu channels, expected %zu as weight has",
                       call.in_channels, expected);
  if (call.bias != nullptr && call.bias->numel() != call.out_channels)
    return make_status(StatusCode::kInvalidArgument, "bias has %zu elements, expected %zu",
                       call.bias->numel(), call.out_channels);
  return {};
}

// convolution.out(input, weight, bias?, stride, padding, dilation, transposed, output_padding, groups, out)
Status convolution_out(KernelContext &context, Span<Value *> args) {
  Arguments arguments(context, args, 11);
  Call call = {};
  Lists lists;
  call.input = arguments.tensor(0, "input");
  call.weight = arguments.tensor(1, "weight");
  call.bias = arguments.optional_tensor(2, "bias");
  lists.stride = arguments.int_list(3, "stride");
  lists.padding = arguments.int_list(4, "padding");
  lists.dilation = arguments.int_list(5, "dilation");
  call.transposed = arguments.boolean(6, "transposed");
  lists.output_padding = arguments.int_list(7, "output_padding");
  const int64_t groups = arguments.integer(8, "groups");
  call.out = arguments.output(9);
  if (!arguments.ok())
    return arguments.status();
  const size_t rank = call.weight->rank();
  if (rank < 3 || rank > 2 + kMaxSpatialDims)
    return make_status(StatusCode::kInvalidArgument, "weight has rank %zu, expected 3 to 5", rank);
  call.spatial = rank - 2;
  if (call.input->rank() != rank && call.input->rank() != rank - 1)
    return make_status(StatusCode::kInvalidArgument, "input has rank %zu, expected %zu or %zu",
                       call.input->rank(), rank, rank - 1);
  XNNIR_RETURN_IF_ERROR(expect_same_dtype(*call.input, *call.out));
  XNNIR_RETURN_IF_ERROR(read_channels(groups, call));
  call.window.planes = 1;
  if (call.input->rank() == rank) {
    call.window.planes = static_cast<size_t>(call.input->sizes()[0]);
    call.sizes.append(call.input->sizes()[0]);
  }
  call.sizes.append(static_cast<int64_t>(call.out_channels));
  XNNIR_RETURN_IF_ERROR(read_axes(lists, call));
  return with_floating_type(call.input->dtype(), "input",
                            [&](auto type) { return run<decltype(type)>(context, call); });
}

const KernelRegistration kConvolution("aten::convolution.out", convolution_out);

} // namespace

} // namespace xnnir
