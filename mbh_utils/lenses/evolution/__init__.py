"""How activation patterns develop in training, after Hartmann, Franzen and Brodehl (2021).

Which files to open:

- ``counts.py``: how often each pattern occurs.
- ``information.py``: entropy, and what patterns tell of labels.
- ``similarity.py``: two populations of patterns against each other.
- ``neurons.py``: for wide layers, single neurons and groups of eight.
- ``indicator.py``: OUI, an indicator of over- and underfitting.
- ``settling.py``: when layers settle, in which order, and dips.
- ``history.py``: all of it for a training, as one table.
"""

from mbh_utils.lenses.evolution.counts import PatternCounts, pattern_counts
from mbh_utils.lenses.evolution.history import history, pattern_statistics, settling
from mbh_utils.lenses.evolution.indicator import ClassOUI, oui, oui_by_class
from mbh_utils.lenses.evolution.information import (
    LabelInformation,
    entropy,
    label_information,
    max_entropy,
    relative_entropy,
)
from mbh_utils.lenses.evolution.neurons import (
    Agreement,
    BlockPatterns,
    NeuronStates,
    agreement,
    block_patterns,
    neuron_states,
)
from mbh_utils.lenses.evolution.settling import (
    BottomUp,
    Dip,
    bottom_up_index,
    intermediate_dip,
    settling_time,
)
from mbh_utils.lenses.evolution.similarity import (
    PatternChange,
    jaccard,
    pattern_change,
    weighted_jaccard,
)

__all__ = [
    "Agreement",
    "BlockPatterns",
    "BottomUp",
    "ClassOUI",
    "Dip",
    "LabelInformation",
    "NeuronStates",
    "PatternChange",
    "PatternCounts",
    "agreement",
    "block_patterns",
    "bottom_up_index",
    "entropy",
    "history",
    "intermediate_dip",
    "jaccard",
    "label_information",
    "max_entropy",
    "neuron_states",
    "oui",
    "oui_by_class",
    "pattern_change",
    "pattern_counts",
    "pattern_statistics",
    "relative_entropy",
    "settling",
    "settling_time",
    "weighted_jaccard",
]
