"""What ``lungrt bench`` is made of: a fair comparison of everything that can run a bundle.

One process plans, starts and compares (`plan`, `campaign`, `outputs`, `summary`); each measurement
is a process of its own (`engine` for the library's engines, `eager` for PyTorch and SciPy), so that
no contender inherits another's allocator, threads or warm caches. Only `eager` imports torch.
"""
