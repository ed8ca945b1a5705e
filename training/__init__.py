"""Teach a network classes of one's own, and score what it has learnt.

recipes.py --settings--> train.py: the run, in the folder that run_folder.py describes

dataset.py --pictures--> batches.py, augment.py --steps--> learner.py, loss.py
           --kept weights--> validate.py --> report/
"""
