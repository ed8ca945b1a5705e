"""What the device does beside the network: its input, its labels, the overlay.

Each step is written twice. A *twin* in plain torch says what is computed and runs
anywhere; a kernel in Triton does the same in one pass over the data, and runs where
there is a CUDA device. `choice.py` chooses.

planes --network_input.py--> input --network--> scores --labels.py--> labels
planes and labels --overlay.py--> painted planes

Import from the modules: torch takes seconds to load.
"""
