"""Peers of the benchmark in Python and SciPy, as the book's code diagnoses a CT.

They were written for the benchmark after the book's code, and share no code with the C++ library.
The networks are PyTorch modules (`child`) or run in OpenVINO (`openvino_child`).
"""
