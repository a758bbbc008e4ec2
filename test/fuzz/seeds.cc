// Writes what the fuzzers start from: fuzz_seeds <folder> makes <folder>/<target>/ with the programs and
// blobs of the tests.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "delegate_samples.h"
#include "file_samples.h"
#include "format/packed_cache.h"

namespace xnnir::test {
namespace {

void write(const std::filesystem::path &path, const std::vector<uint8_t> &bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<uint8_t> kernels_program() {
  ProgramBuilder builder;
  fill(builder);
  return builder.build();
}

std::vector<uint8_t> packed_weights() {
  PackedCache cache;
  cache.entries.push_back({{1, 2}, 3, 0, 128, 64, 4});
  cache.places.push_back({{5, 6}, {1, 2}, 0});
  constexpr size_t kIndexOffset = 192;
  const std::vector<uint8_t> index = write_packed_index(cache);
  std::vector<uint8_t> file = write_packed_header(cache, kIndexOffset, index);
  file.resize(kIndexOffset);
  file.insert(file.end(), index.begin(), index.end());
  return file;
}

void write_all(const std::filesystem::path &folder) {
  write(folder / "packed_cache" / "one_entry", packed_weights());
  write(folder / "bundled" / "two_calls", bundled_file(2));
  write(folder / "run" / "two_calls", bundled_file(2));
  write(folder / "ptd" / "three_tensors", data_file(3));
  for (const char *target : {"program", "run"}) {
    write(folder / target / "kernels.pte", kernels_program());
    write(folder / target / "control_flow.pte", control_flow_program());
  }
  int number = 0;
  for (const Sample sample : kSamples)
    for (const Constants where :
         {Constants::kNamed, Constants::kBehindFlatbuffer, Constants::kInFlatbuffer}) {
      BlobBuilder blob(where);
      sample(blob);
      const std::vector<uint8_t> bytes = blob.finish();
      const std::string name = std::to_string(number++);
      for (const char *target : {"delegate", "delegate_run"})
        write(folder / target / (name + ".blob"), bytes);
      if (where == Constants::kNamed)
        continue;
      for (const char *target : {"program", "run"})
        write(folder / target / (name + ".pte"), delegate_program(bytes, blob.backend));
    }
}

} // namespace
} // namespace xnnir::test

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds <folder>\n");
    return 2;
  }
  xnnir::test::write_all(arguments[1]);
  return 0;
}
