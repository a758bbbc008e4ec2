"""
How `xnn-optimize-layout` works.

A *perm* says how a tensor is stored: dimension i of what is stored is dimension perm[i] of the tensor.
`perms.py` computes with perms, `rules.py` says for each op in which perms it can run, `graph.py` collects who
reads what, `choice.py` picks a perm for each op so that few bytes are transposed, and `rewrite.py` carries
that out.
"""
