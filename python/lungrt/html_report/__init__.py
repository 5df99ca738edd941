"""Report of a diagnosis as one HTML file with pictures, which loads nothing else."""

from lungrt.html_report.page import to_html

__all__ = ["to_html"]
