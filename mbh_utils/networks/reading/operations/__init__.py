"""What each operation of torch does to affine maps.

The follower of a forward pass (``reading/following.py``) asks ``rules.py`` at every operation that
gets something made from the module's input. From there:

======================  ===========================================================================
``rules.py``            which rule an operation has; refusals of those that have none
``affine.py``           sums, products with constants, layers, shapes and indexing: all that is
                        affine, as tables of names; BatchNorm in eval mode
``activations.py``      ReLU, Hardtanh, clamp, abs, ...: piecewise linear functions of each element
``maxima.py``           max, min and MaxPool: neurons that compare
``conditions.py``       z > 0, and what is done with it: ``torch.where``, masks, products
``context.py``          what all rules are given, and what they say where they do not understand
``calls.py``            the parts of a call of an operation: its name, arguments, tensors
======================  ===========================================================================
"""
