"""Scores of a pipeline on annotated scans: the book's table, FROC, ROC, calibration, strata.

::

    from lungrt.evaluation.reports import read_reports
    from lungrt.evaluation.score import score
    from lungrt.evaluation.selection import select
    from lungrt.evaluation.truth import read_truth

    truth = read_truth(Path("LUNA16"))
    reports, findings = select(read_reports(Path("reports")), truth, truth.by_series())
    evaluation = score(reports, truth, findings)
    print(evaluation.table)

``lungrt evaluate`` runs a bundle over the scans first. Nothing here imports torch; matplotlib,
Jinja and scikit-learn are imported where they are used.
"""
