"""What the tests, the benchmark and the demo share: the models they run. Needs torch and transformers."""
