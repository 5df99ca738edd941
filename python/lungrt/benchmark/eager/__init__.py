"""The baseline: PyTorch modules and SciPy, as the code of the book runs a diagnosis.

Written for the comparison, from what the book's code does; it shares nothing with the C++ library
and imports none of it.
"""
