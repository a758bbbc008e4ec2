"""Reference semantics of the dialects, in PyTorch: slow, plain, and independent of XNNPACK."""
