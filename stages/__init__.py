"""The work of the pipeline, one file per step."""
