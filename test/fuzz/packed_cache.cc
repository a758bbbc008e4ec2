// The reader of files of packed weights: any bytes are an index, or refused. What no fuzzer finds (checksums,
// the size, the fingerprint) is put right first, unless the input is odd in length.
#include "format/packed_cache.h"
#include "fuzz.h"

namespace {

void put(std::vector<uint8_t> &file, size_t at, uint64_t number) {
  std::memcpy(file.data() + at, &number, sizeof(number));
}

void put_right(std::vector<uint8_t> &file) {
  using namespace xnnir;
  const uint32_t version = 1;
  std::memcpy(file.data(), "XNPW", 4);
  std::memcpy(file.data() + 4, &version, sizeof(version));
  put(file, 8, 0);
  put(file, 16, 0);
  put(file, 32, file.size());
  uint64_t seed = 0;
  uint64_t index = 0;
  std::memcpy(&seed, file.data() + 24, sizeof(seed));
  std::memcpy(&index, file.data() + 40, sizeof(index));
  if (index <= file.size())
    put(file, 64, checksum({file.data() + index, file.size() - index}, seed));
  const size_t last = kPackedCacheHeaderSize - 8;
  put(file, last, checksum({file.data(), last}, seed));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace xnnir;
  std::vector<uint8_t> file(data, data + size);
  if (size >= kPackedCacheHeaderSize && size % 2 == 0)
    put_right(file);
  fuzz::expect_message(read_packed_cache(file, Digest()).status());
  return 0;
}
