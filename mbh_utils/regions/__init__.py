"""The input space cut into activation regions, exactly (thesis, chapters 3 and 5).

=================  ==============================================================================
``patterns``       activation, layer and decision patterns of samples (Definitions 3.1 to 3.4, 3.12)
``planes``         planes through samples (section 5.2); ``lines``, and ``blocks`` to sample from
``domains``        which finite part of a plane is looked at
``partition``      partition_input_space: Algorithm 2
``result``         Partition: the regions (Definition 3.8) and what can be asked of them
``blanket``        Blanket: the regions on which a decision pattern holds (Definition 3.11)
``bending``        by which angles bent hyperplanes (Definition 3.7) turn
``bounds``         how many regions there can be (section 3.2.1, Theorems 3.1 and 3.2)
``cost``           how many there will be, and how long a partition takes
=================  ==============================================================================

Behind them: ``restriction`` (a network as a function on a plane, with bounds of its errors),
``assembly`` (a Partition of what the kernel wrote), ``decision`` (cutting by the predicted class),
``frames`` (exact coordinates), ``polygons``, ``bits`` (packed patterns), ``locating`` (points and
neighbours), ``saved`` (files), and the compiled ``kernel``, which nobody else imports.
"""
