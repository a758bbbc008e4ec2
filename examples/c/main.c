// Runs a model on a grey picture and says which class it sees: classify model.pte
#include <stdio.h>

#include <xnnir/xnnir.h>

static float pixels[1 * 3 * 224 * 224];

static int fail(void) {
  fprintf(stderr, "error: %s\n", xnnir_last_error());
  return 1;
}

static int classify(xnnir_method *method) {
  const int32_t sizes[] = {1, 3, 224, 224};
  xnnir_tensor input = XNNIR_INIT(xnnir_tensor);
  input.data = pixels;
  input.nbytes = sizeof(pixels);
  input.dtype = XNNIR_FLOAT32;
  input.rank = 4;
  input.sizes = sizes;
  xnnir_tensor output = XNNIR_INIT(xnnir_tensor);
  if (xnnir_method_set_input(method, 0, &input) != XNNIR_OK || xnnir_method_execute(method) != XNNIR_OK ||
      xnnir_method_output(method, 0, &output) != XNNIR_OK)
    return fail();
  const float *logits = output.data;
  size_t classes = output.nbytes / sizeof(float);
  size_t best = 0;
  for (size_t i = 1; i < classes; ++i)
    if (logits[i] > logits[best])
      best = i;
  printf("class %zu of %zu\n", best, classes);
  return 0;
}

int main(int argc, char **argv) {
  xnnir_program *program = NULL;
  xnnir_method *method = NULL;
  for (size_t i = 0; i < sizeof(pixels) / sizeof(pixels[0]); ++i)
    pixels[i] = 0.5f;
  int result = 1;
  if (xnnir_program_load_file(argc > 1 ? argv[1] : "model.pte", NULL, &program) != XNNIR_OK ||
      xnnir_program_load_method(program, "forward", NULL, &method) != XNNIR_OK)
    fail();
  else
    result = classify(method);
  xnnir_method_free(method);
  xnnir_program_free(program);
  return result;
}
