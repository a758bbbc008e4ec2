"""The command-line tools: `xnn-opt` and `xnn-translate` for IR and bytes, `xnnir` for people."""
