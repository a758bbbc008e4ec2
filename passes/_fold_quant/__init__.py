"""
How `xnn-fold-quant` works.

`moves.py` brings conversions next to the nodes that compute, `nodes.py` gives nodes the codings around them,
`weights.py` those with a filter; `ranges.py` knows limits of scales, `codings.py` has what they share.
"""
