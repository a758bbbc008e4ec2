#include "tools/npy.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace xnnir {

namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicLength = 6;
// The header's length is 2 bytes wide in version 1, 4 in versions 2 and 3.
constexpr size_t kShortPrefix = kMagicLength + 2 + 2;
constexpr size_t kLongPrefix = kMagicLength + 2 + 4;
constexpr size_t kDataAlignment = 64;

struct Dtype {
  const char *descr;
  ScalarType type;
};
constexpr Dtype kDtypes[] = {
    {"|u1", ScalarType::kByte},   {"|i1", ScalarType::kChar},   {"<i2", ScalarType::kShort},
    {"<i4", ScalarType::kInt},    {"<i8", ScalarType::kLong},   {"<f2", ScalarType::kHalf},
    {"<f4", ScalarType::kFloat},  {"<f8", ScalarType::kDouble}, {"|b1", ScalarType::kBool},
    {"<u2", ScalarType::kUInt16}, {"<u4", ScalarType::kUInt32}, {"<u8", ScalarType::kUInt64},
};

Status bad(const char *what, const std::string &found) {
  return make_status(StatusCode::kInvalidArgument, "%s: found '%.80s'", what, found.c_str());
}

// The header is a Python dictionary with three keys: {'descr': '<f4', 'fortran_order': False, 'shape': (1,
// 3), }.
class HeaderParser {
public:
  explicit HeaderParser(std::string text) : text_(std::move(text)) {}

  Status parse(std::string &descr, bool &fortran, std::vector<int32_t> &shape) {
    XNNIR_RETURN_IF_ERROR(expect('{'));
    bool seen[3] = {};
    while (!accept('}')) {
      std::string key;
      XNNIR_RETURN_IF_ERROR(parse_string(key));
      XNNIR_RETURN_IF_ERROR(expect(':'));
      const int index = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      if (index < 0 || seen[index])
        return bad("npy header has an unknown or repeated key", key);
      seen[index] = true;
      XNNIR_RETURN_IF_ERROR(index == 0   ? parse_string(descr)
                            : index == 1 ? parse_bool(fortran)
                                         : parse_shape(shape));
      if (!accept(',')) {
        XNNIR_RETURN_IF_ERROR(expect('}'));
        break;
      }
    }
    if (!seen[0] || !seen[1] || !seen[2])
      return bad("npy header lacks descr, fortran_order or shape", text_);
    return {};
  }

private:
  void skip_space() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_])) != 0)
      ++position_;
  }
  bool accept(char expected) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != expected)
      return false;
    ++position_;
    return true;
  }
  Status expect(char expected) {
    if (accept(expected))
      return {};
    return bad((std::string("npy header: expected '") + expected + "'").c_str(), text_.substr(position_));
  }
  Status parse_string(std::string &text) {
    skip_space();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"')
      return bad("npy header: expected a string (arrays of records are not supported)",
                 text_.substr(position_));
    const size_t end = text_.find(quote, position_ + 1);
    if (end == std::string::npos)
      return bad("npy header: a string does not end", text_.substr(position_));
    text = text_.substr(position_ + 1, end - position_ - 1);
    position_ = end + 1;
    return {};
  }
  Status parse_bool(bool &value) {
    skip_space();
    for (const bool candidate : {true, false}) {
      const std::string word = candidate ? "True" : "False";
      if (text_.compare(position_, word.size(), word) == 0) {
        position_ += word.size();
        value = candidate;
        return {};
      }
    }
    return bad("npy header: expected True or False", text_.substr(position_));
  }
  Status parse_shape(std::vector<int32_t> &shape) {
    XNNIR_RETURN_IF_ERROR(expect('('));
    while (!accept(')')) {
      skip_space();
      int64_t size = 0;
      const size_t start = position_;
      while (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_])) != 0) {
        size = size * 10 + (text_[position_++] - '0');
        if (size > INT32_MAX)
          return bad("npy header: a size is beyond 2147483647", text_.substr(start));
      }
      if (position_ == start)
        return bad("npy header: expected a size", text_.substr(position_));
      shape.push_back(static_cast<int32_t>(size));
      if (shape.size() > kMaxTensorRank)
        return bad("npy header: more dimensions than the runtime has", text_);
      if (!accept(',')) {
        XNNIR_RETURN_IF_ERROR(expect(')'));
        break;
      }
    }
    return {};
  }

  std::string text_;
  size_t position_ = 0;
};

// Copies elements so that the last of `sizes` runs fastest. `strides` are the source's, in elements.
void copy_in_c_order(const uint8_t *in, const std::vector<size_t> &strides, const std::vector<int32_t> &sizes,
                     size_t element_bytes, size_t numel, uint8_t *out) {
  std::vector<int32_t> index(sizes.size(), 0);
  for (size_t n = 0; n < numel; ++n) {
    size_t offset = 0;
    for (size_t i = 0; i < sizes.size(); ++i)
      offset += static_cast<size_t>(index[i]) * strides[i];
    std::memcpy(out + n * element_bytes, in + offset * element_bytes, element_bytes);
    for (size_t i = sizes.size(); i-- > 0;) {
      if (++index[i] < sizes[i])
        break;
      index[i] = 0;
    }
  }
}

struct FileCloser {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

} // namespace

Result<NpyArray> parse_npy(const std::vector<uint8_t> &file) {
  if (file.size() < kShortPrefix || std::memcmp(file.data(), kMagic, kMagicLength) != 0)
    return make_status(StatusCode::kInvalidArgument,
                       "this is no .npy file: it does not begin with \\x93NUMPY");
  const int version = file[kMagicLength];
  if (version < 1 || version > 3)
    return make_status(StatusCode::kInvalidArgument, "npy format version is %d, expected 1 to 3", version);
  const size_t prefix = version == 1 ? kShortPrefix : kLongPrefix;
  if (file.size() < prefix)
    return make_status(StatusCode::kInvalidArgument, "the .npy file ends inside its header");
  size_t length = 0;
  for (size_t i = prefix; i-- > kMagicLength + 2;)
    length = length << 8 | file[i];
  if (length > file.size() - prefix)
    return make_status(StatusCode::kInvalidArgument, "npy header length is %zu, but the file has %zu bytes",
                       length, file.size());

  NpyArray array;
  std::string descr;
  bool fortran = false;
  HeaderParser parser(std::string(reinterpret_cast<const char *>(file.data()) + prefix, length));
  XNNIR_RETURN_IF_ERROR(parser.parse(descr, fortran, array.sizes));
  const auto *dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const Dtype &it) {
    return descr == it.descr || (it.descr[0] == '|' && descr.size() == 3 && descr.substr(1) == it.descr + 1);
  });
  if (dtype == std::end(kDtypes))
    return bad("npy dtype is not supported (expected little-endian bool, int, uint or float)", descr);
  array.dtype = dtype->type;

  std::vector<uint8_t> order(array.sizes.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<uint8_t>(i);
  Result<Tensor> tensor = Tensor::make(array.dtype, Span<const int32_t>(array.sizes),
                                       Span<const uint8_t>(order), ShapeDynamism::kStatic);
  if (!tensor.ok())
    return tensor.status();
  const size_t data = prefix + length;
  if (file.size() - data != tensor->nbytes())
    return make_status(StatusCode::kInvalidArgument,
                       "the .npy file has %zu bytes of data, expected %zu for its shape", file.size() - data,
                       tensor->nbytes());
  if (!fortran || array.sizes.size() < 2) {
    array.bytes.assign(file.begin() + static_cast<ptrdiff_t>(data), file.end());
    return array;
  }
  array.bytes.resize(tensor->nbytes());
  std::vector<size_t> strides(array.sizes.size());
  size_t stride = 1;
  for (size_t i = 0; i < strides.size(); ++i) {
    strides[i] = stride;
    stride *= static_cast<size_t>(array.sizes[i]);
  }
  copy_in_c_order(file.data() + data, strides, array.sizes, element_size(array.dtype), tensor->numel(),
                  array.bytes.data());
  return array;
}

Result<NpyArray> read_npy(const std::string &path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr)
    return make_status(StatusCode::kNotFound, "cannot open '%s': %s", path.c_str(), std::strerror(errno));
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> block(1 << 20);
  size_t count = 0;
  while ((count = std::fread(block.data(), 1, block.size(), file.get())) > 0)
    bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
  if (std::ferror(file.get()) != 0)
    return make_status(StatusCode::kAccessFailed, "cannot read '%s': %s", path.c_str(), std::strerror(errno));
  Result<NpyArray> array = parse_npy(bytes);
  if (!array.ok())
    return Status(array.status().code(), "'" + path + "': " + array.status().message());
  return array;
}

std::vector<size_t> dense_strides(const Tensor &tensor) {
  std::vector<size_t> strides(tensor.rank());
  size_t stride = 1;
  for (size_t i = tensor.rank(); i-- > 0;) {
    const uint8_t dim = tensor.dim_order()[i];
    strides[dim] = stride;
    stride *= static_cast<size_t>(std::max(tensor.sizes()[dim], 1));
  }
  return strides;
}

std::vector<uint8_t> in_c_order(const Tensor &tensor) {
  const std::vector<int32_t> sizes(tensor.sizes().begin(), tensor.sizes().end());
  std::vector<uint8_t> bytes(tensor.nbytes());
  copy_in_c_order(tensor.data_as<uint8_t>(), dense_strides(tensor), sizes, element_size(tensor.dtype()),
                  tensor.numel(), bytes.data());
  return bytes;
}

Status write_npy(const std::string &path, const Tensor &tensor) {
  const Span<const int32_t> sizes = tensor.sizes();
  std::vector<uint8_t> bytes = in_c_order(tensor);

  ScalarType type = tensor.dtype();
  if (type == ScalarType::kBFloat16) {
    type = ScalarType::kFloat;
    std::vector<uint8_t> wide(bytes.size() * 2, 0);
    for (size_t i = 0; i < tensor.numel(); ++i)
      std::memcpy(wide.data() + 4 * i + 2, bytes.data() + 2 * i, 2);
    bytes = std::move(wide);
  }
  const auto *dtype =
      std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const Dtype &it) { return it.type == type; });
  if (dtype == std::end(kDtypes))
    return make_status(StatusCode::kNotSupported, "an array of dtype %s cannot be written as .npy",
                       to_string(type));

  std::string header = std::string("{'descr': '") + dtype->descr + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < sizes.size(); ++i)
    header += std::to_string(sizes[i]) + (i + 1 < sizes.size() ? ", " : sizes.size() == 1 ? "," : "");
  header += "), }";
  header.append((kDataAlignment - (kShortPrefix + header.size() + 1) % kDataAlignment) % kDataAlignment, ' ');
  header += '\n';
  const uint8_t prefix[] = {static_cast<uint8_t>(header.size() & 0xff),
                            static_cast<uint8_t>(header.size() >> 8)};

  File file(std::fopen(path.c_str(), "wb"));
  if (file == nullptr)
    return make_status(StatusCode::kAccessFailed, "cannot write '%s': %s", path.c_str(),
                       std::strerror(errno));
  const bool written = std::fwrite(kMagic, 1, kMagicLength, file.get()) == kMagicLength &&
                       std::fwrite("\x01\x00", 1, 2, file.get()) == 2 &&
                       std::fwrite(prefix, 1, 2, file.get()) == 2 &&
                       std::fwrite(header.data(), 1, header.size(), file.get()) == header.size() &&
                       std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  const bool closed = std::fclose(file.release()) == 0;
  if (!written || !closed)
    return make_status(StatusCode::kAccessFailed, "cannot write '%s': %s", path.c_str(),
                       std::strerror(errno));
  return {};
}

} // namespace xnnir
