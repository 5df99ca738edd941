"""Annotated data sets: strict CSV tables, LUNA16's files, and the CTs of a folder.

Training, evaluation and phantoms read and write LUNA16's files here and nowhere else, so that a
file means the same to all of them. `lungrt.data.truth.read_truth` reads the annotations of a data
set, `lungrt.data.candidates` candidates and submissions, and `lungrt.data.scans.find_scans` finds
the CTs. `lungrt.data.luna16_format` has the names of files and columns.

No module of this package imports torch.
"""
