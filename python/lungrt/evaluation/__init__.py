"""Scores of a pipeline on annotated scans.

They are the book's confusion table, LUNA16's FROC, ROC curves of malignancy, calibration, and
detection in subgroups of nodules.

::

    from lungrt.evaluation.reports import read_reports
    from lungrt.evaluation.score import score
    from lungrt.evaluation.selection import select
    from lungrt.data.truth import read_truth

    truth = read_truth(Path("LUNA16"))
    reports, findings = select(read_reports(Path("reports")), truth, truth.by_series())
    evaluation = score(reports, truth, findings)
    print(evaluation.table)

``lungrt evaluate`` first runs a bundle on the scans. No module of this package imports torch;
matplotlib, Jinja and scikit-learn are imported only by the functions that need them.
"""
