"""What is measured: the peer benchmark and the paper's studies, as functions.

Notebooks and the command line call the same code. Nothing here is needed to train a network, and
nothing in the core imports it.
"""
