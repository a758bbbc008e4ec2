"""
The benchmark: what xnnir costs beside its peers, in one run, in turns.

    python -m bench [--models mobilenet_v2,resnet50] [--threads 1,2]

`peers.py` holds what is compared, `worker.py` runs one of them in a process of its own, `session.py` takes turns
between the workers, `lowering.py` measures compilation, `report.py` prints ratios. Machines are noisy: every
figure is a median, every claim a ratio between runs that stood side by side.
"""
