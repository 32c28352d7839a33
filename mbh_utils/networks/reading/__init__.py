"""How the hidden layers of anybody's network are found: by reading it, or following it as it runs.

In the order in which a network passes through:

``reader.py``
    **Start here.** ``hidden_layers`` and ``read_network`` take anything. Lists of arrays, and
    networks whose weights are proved to be all that they compute, are read as they are; all others
    are traced.
``tracing.py``
    ``trace``: the steps from a module to its traced form, as follows.
``refusals.py``, ``input_shape.py``
    What cannot be run is refused by name; what shape one sample has.
``copying.py``, ``parts.py``
    A copy of the module is made to run in its place; what a module consists of.
``randomness.py``
    No stream of random numbers is used up; modules that draw some are refused.
``following.py``, ``watching.py``, ``place.py``
    The copy runs on one sample, and every operation of torch is seen: with affine maps for all
    that depends on the input, and with the name of where it is.
``storages.py``
    Which affine map each storage holds, so that views and operations in place are right.
``operations/``
    What each operation does to affine maps.
``piecewise.py``
    ``PiecewiseLinear``, an activation of one's own.
``canonical.py``, ``traced.py``
    The ReLU network with linear units that is built meanwhile; ``Traced``, as it is given back.
``comparison.py``, ``run_original.py``
    Its outputs are compared with those of the copy, and of the module itself where that can be run
    without leaving traces.

Beside that way lies ``eval_mode.py``: running anybody's module in eval mode, as
:func:`mbh_utils.accuracy` does, such that nothing of it is changed.
"""
