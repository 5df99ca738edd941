"""Differences between two diagnoses of the same CT; the implementation of ``lungrt compare``.

`inputs` finds the CTs or reports and reads the settings that are given, `diagnosis` reads a report
into the form that is compared, `matching` pairs the marks of two diagnoses, `differences` describes
what changed, and `document` writes it as JSON or CSV. `run` goes through all CTs and diagnoses
those that have no reports yet. No module imports torch.
"""
