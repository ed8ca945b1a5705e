"""The work of the pipeline, one file a step; the names are the flow.

source.py, opening.py: what an input is
decode.py --Frame--> collect.py --Batch--> segment.py --InferredBatch--> finish.py
finish.py --Segmentation--> annotate.py --Segmentation--> encode.py
                        +-> mask_track.py, mask_png.py, records.py
masks_reader.py, verify.py, probe.py: read again what was written, and what is given
"""
