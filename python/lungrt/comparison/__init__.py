"""Differences between two diagnoses of the same CT; the implementation of ``lungrt compare``.

`diagnosis` reads a report into the form that is compared, `matching` pairs the marks of two
diagnoses, `differences` describes what changed, and `document` writes it as JSON or CSV. `settings`
and `side` diagnose CTs if there are no reports yet, and `run` goes through all CTs. No module
imports torch.
"""
