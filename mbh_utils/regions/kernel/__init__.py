"""The compiled heart of Algorithm 2, and the exact arithmetic that answers its questions.

===============  ===================================================================================
``descent``      Algorithm 2, compiled: begin to read here
``deciding``     which neurons cross a node, and entering a layer; ``signs``: what is certain
``cutting``      a node in two; ``maps``: what its neurons pass on to the next layer
``writing``      a finished region
``layout``       the arrays that these work on
``network``      makes the arrays of a network; ``memory``: those of nodes and regions
``exact``        answers questions in integers
``driver``       runs the descent on one plane
``blankets``     how much of the plane patterns cover
===============  ===================================================================================
"""
