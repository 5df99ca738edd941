"""The steps; each module has `run(job)`, which records what it finds.

A step whose needs are not met raises `Absent`. Any other exception fails the step only.
"""
