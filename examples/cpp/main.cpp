// Runs a model on a grey picture and says which class it sees: classify model.pte
#include <algorithm>
#include <cstdio>
#include <vector>

#include <xnnir/module.h>

int main(int argc, char **argv) {
  auto module = xnnir::Module::load(argc > 1 ? argv[1] : "model.pte");
  if (!module.ok())
    return std::fprintf(stderr, "error: %s\n", module.status().message().c_str()), 1;
  std::vector<float> pixels(1 * 3 * 224 * 224, 0.5f);
  auto outputs = module->forward({xnnir::TensorView(pixels.data(), {1, 3, 224, 224})});
  if (!outputs.ok())
    return std::fprintf(stderr, "error: %s\n", outputs.status().message().c_str()), 1;
  const float *logits = outputs.value()[0].data<float>();
  size_t classes = outputs.value()[0].tensor()->numel();
  std::printf("class %td of %zu\n", std::max_element(logits, logits + classes) - logits, classes);
}
