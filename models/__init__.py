"""The networks, their weights, and the engines that run them.

backbones.py --features--> fcn.py --scores--> upsample.py --labels-->
weights.py: a file with a model card <-> a network    classes.py: what an id means
geometry.py: where the scores lie on the picture      engines/: torch, OpenVINO

Import from the modules: torch takes seconds to load, and half of what uses this package
needs a class table alone.
"""
