"""Baseline of the benchmark: PyTorch modules and SciPy, as the book's code diagnoses a CT.

It was written for the benchmark after the book's code; it shares no code with the C++ library and
does not import it.
"""
