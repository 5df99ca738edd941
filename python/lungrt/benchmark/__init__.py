"""Implementation of ``lungrt bench``: a fair comparison of everything that can run a bundle.

A configuration is one way to diagnose a CT: an engine or eager PyTorch, with a device, a number of
threads and further settings. The main process chooses the configurations (`plan`), measures them in
rounds (`run`) and compares their results (`outputs`, `summary`). Each measurement runs in a process
of its own (`engine` for the library's engines, `eager` for PyTorch and SciPy), so that no
configuration inherits another's allocator, threads or warm caches. Only `eager` imports torch.
"""
