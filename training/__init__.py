"""Teach a network classes of one's own, and score what it has learnt.

dataset.py --pictures--> augment.py --crops--> learner.py --weights--> evaluate.py
config.py: everything that decides a run              train.py: the run itself
"""
