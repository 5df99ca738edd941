"""Names of LUNA16's files, folders and columns, and of those that lungrt adds to them."""

from __future__ import annotations

__all__ = [
    "ANNOTATIONS",
    "ANNOTATION_COLUMNS",
    "BOX_COLUMNS",
    "CANDIDATES",
    "CANDIDATE_COLUMNS",
    "EXCLUDED",
    "LUNG_MASKS",
    "MASK_FOLDERS",
    "NODULE_MASKS",
    "PLACES",
    "PLANTED",
    "PLANTED_COLUMNS",
    "POSITION_COLUMNS",
    "RATED",
    "RATED_COLUMNS",
    "RATING_COLUMNS",
    "SAMPLE_SUBMISSION",
    "SERIES",
    "SERIES_COLUMN",
    "SUBMISSION_COLUMNS",
    "SUBSETS",
]

# Files with tables. LUNA16 has all of them but two.
ANNOTATIONS = "annotations.csv"
EXCLUDED = "annotations_excluded.csv"
CANDIDATES = ("candidates_V2.csv", "candidates.csv")  # the first that exists is used
SERIES = "seriesuids.csv"
SAMPLE_SUBMISSION = "sampleSubmission.csv"
RATED = "annotations_with_malignancy.csv"  # the book's
PLANTED = "planted.csv"  # appearance of the nodules of phantoms

# Where the tables are: beside the scans, or where LUNA16's download and its scoring script have
# them.
PLACES = (".", "annotations", "CSVFILES", "evaluationScript/annotations")

# Folders with scans, subset0 to subset9, and with masks, which have the file names of the scans.
SUBSETS = 10
MASK_FOLDERS = "seg-"  # what their names begin with
LUNG_MASKS = "seg-lungs-LUNA16"
NODULE_MASKS = "seg-nodules"  # phantoms alone have it

SERIES_COLUMN = "seriesuid"
POSITION_COLUMNS = ("coordX", "coordY", "coordZ")  # mm, LPS
_PLACE = (SERIES_COLUMN, *POSITION_COLUMNS)
ANNOTATION_COLUMNS = (*_PLACE, "diameter_mm")
RATING_COLUMNS = ("mal_bool", "mal_details")
BOX_COLUMNS = ("bboxLowX", "bboxLowY", "bboxLowZ", "bboxHighX", "bboxHighY", "bboxHighZ")
RATED_COLUMNS = (*ANNOTATION_COLUMNS, *RATING_COLUMNS, *BOX_COLUMNS, "len_mal_details")
PLANTED_COLUMNS = (*ANNOTATION_COLUMNS, "density", "shape", "attachment", "malignant", "label")
CANDIDATE_COLUMNS = (*_PLACE, "class")
SUBMISSION_COLUMNS = (*_PLACE, "probability")
