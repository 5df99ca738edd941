"""What changed between two diagnoses of the same CT: what ``lungrt compare`` is made of.

`diagnosis` is a report as it is compared, `matching` finds which mark of one is which of the other,
`differences` tells what became of them, `settings` and `run` make the diagnoses where there are no
reports yet. Nothing here knows torch.
"""
