"""Claims on networks with a two-dimensional input space, and the thesis's example numbers."""

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.rules import POINTS, Exact, Number
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns
from mbh_utils.regions.planes import Plane

PART = Part("toy")


@PART.claim(
    "TOY-1",
    "A (4, 4, 2) network solves XOR with outliers at 95 % validation accuracy, with the right "
    "decision boundary.",
    "95 %",
    "number",
    ("toy",),
    "fig-4-5",
    Number(95, tolerance=POINTS),
    unit="%",
)
def xor_with_outliers(tables: Tables) -> Evidence:
    accuracies = 100 * np.sort(tables["toy"]["accuracy"].to_numpy(float))
    best = accuracies[-1]
    solved = int((accuracies >= 95 - POINTS).sum())
    remark = (
        f"The best of {len(accuracies)} seeds, as the thesis shows one network; {solved} of them "
        f"get there, the others are stuck (worst {accuracies[0]:.1f} %). 5 % of the "
        "samples are outliers: 95 % is what the right boundary has."
    )
    return Evidence(float(best), np.array([best]), len(accuracies), remark=remark)


#: The network of Fig 3.2, after Serra et al. (2018): three layers of two neurons.
FIGURE_3_2 = [
    (np.array([[-1.0, 1], [1, 1]]), np.array([0.0, -4])),
    (np.array([[-1.0, -3], [-3, -1]]), np.array([4.0, 4])),
    (np.array([[1.0, 3], [3, 1]]), np.array([-4.0, -4])),
]


@PART.claim(
    "TOY-2",
    "The network of the thesis's Figure 3.2, three layers of two neurons, makes 20 regions.",
    "20",
    "number",
    (),
    "fig-3-2",
    Exact(20),
    unit="count",
)
def regions_of_figure_3_2(tables: Tables) -> Evidence:
    plane = Plane.rectangle((-1, -1), (6, 6))
    counts = [len(partition_input_space(FIGURE_3_2[:n], plane)) for n in (1, 2, 3)]
    remark = (
        f"Computed now, on [-1, 6]^2: {counts[0]}, {counts[1]} and {counts[2]} after each layer."
    )
    return Evidence(counts[-1], np.array(counts[-1:]), models=1, planes=1, remark=remark)


@PART.claim(
    "EX-1",
    "A subnetwork that is active on 75 % of the input space and on 90 % of the inputs of class 1 "
    "covers class 1 by c = 0.9.",
    "c = 0.9",
    "number",
    (),
    "",
    Exact(0.9, tolerance=1e-12),
)
def coverage_of_class_1(tables: Tables) -> Evidence:
    square = Plane.rectangle((0, 0), (1, 1))
    one_neuron = [(np.array([[1.0, 0.0]]), np.array([-0.25]))]  # active where x1 > 0.25
    subnetwork = DecisionPattern([0], [True])
    share = partition_input_space(one_neuron, square).blanket(subnetwork).share
    class_1 = np.column_stack([np.linspace(0.18, 0.96, 10), np.linspace(0.9, 0.1, 10)])
    coverage = subnetwork.support(activation_patterns(one_neuron, class_1))
    remark = f"Computed now: one neuron, active on {share:.0%} of a square and on 9 of 10 samples."
    return Evidence(coverage, np.array([coverage]), models=1, planes=1, remark=remark)
