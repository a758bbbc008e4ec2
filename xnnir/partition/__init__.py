"""
What goes to XNNPACK, by names that ExecuTorch's users know: `executorch.backends.xnnpack.partition` with `xnnir` in
front. A config class says which operators may go (`config/`), a partitioner which configs are in force.
"""
