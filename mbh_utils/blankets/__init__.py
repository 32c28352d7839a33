"""Maximal patterns, minimal blankets and their hypervolume: specialization (thesis, chapters 4, 5).

===================  ============================================================================
``mbh``              specialization: Algorithm 1 (MBH) and Definition 4.7
``maximal_pattern``  maximal_pattern: Algorithm 3 and Definitions 4.3 to 4.6; smallest_pattern: by
                     trying all
``baselines``        s of what is no concept: random images and noise
``sampled``          shares of blankets in any dimension, from random points
``overlap``          samples and areas that the blankets of two classes share (Definition 4.1)
``mining``           decision patterns mined by a decision tree: appendix D
===================  ============================================================================
"""
