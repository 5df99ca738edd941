"""Implementation of ``lungrt bench``: a fair comparison of everything that can run a bundle.

A configuration is one way to diagnose a CT: an engine, OpenVINO or eager PyTorch, with a device, a
number of threads and further settings. The main process chooses the configurations (`plan`),
measures them in rounds (`run`), compares what they found (`agreement`) and summarises it
(`summary`, with JSON and CSV; `tables`; `plot`). Each measurement runs in a process of its own
(`measure`, with `engine` for the library's engines and `eager` for PyTorch, OpenVINO and SciPy), so
that no configuration inherits another's allocator, threads or warm caches. `contention` tells
whether other programs disturbed it. Only `eager` imports torch.
"""
