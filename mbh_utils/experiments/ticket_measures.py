"""Measures of winning tickets: where their connections are, and when their masks are made."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profile_runs import parameters_at
from mbh_utils.experiments.runs import Case
from mbh_utils.networks import Network, pruning, winning_ticket
from mbh_utils.training import accuracy


def _pixel_degrees(subject: Subject) -> pd.DataFrame:
    """To how many first-layer neurons every pixel is connected (Fig 2.2)."""
    connections = subject.network.masks[0].sum(axis=0)
    return pd.DataFrame({"pixel": range(len(connections)), "connections": connections})


def _no_seconds(case: Case) -> float:
    return 0.05


PIXEL_DEGREES = register(
    Measure(
        name="pixel_degrees",
        columns=("pixel", "connections"),
        compute=_pixel_degrees,
        seconds=_no_seconds,
    )
)

#: How the mask, and the signs of the weights under it, come from the trained network.
RULES = ("magnitude", "same sign", "trained signs")


def ticket_by_rule(rule: str, trained: Network, initial: Network, parameters: int) -> Network:
    """An untrained ticket, by a rule that tells what of the trained network it takes.

    "magnitude": the thesis's ticket, the largest trained weights' places, the initial weights.
    "same sign": the same among the weights whose sign training has not changed.
    "trained signs": the thesis's ticket with the trained weights' signs, sizes still the initial.
    """
    if rule == "magnitude":
        return winning_ticket(trained, initial, parameters)
    if rule == "same sign":
        return initial.copy().set_masks(_same_sign_masks(trained, initial, parameters))
    ticket = winning_ticket(trained, initial, parameters)
    with torch.no_grad():
        layers = zip(ticket.masks, ticket.linears[:-1], trained.linears[:-1], strict=True)
        for mask, layer, after in layers:
            signed = layer.weight.abs() * torch.sign(after.weight)
            kept = torch.from_numpy(mask)
            layer.weight.copy_(torch.where(kept, signed, layer.weight))
    return ticket


def _same_sign_masks(trained: Network, initial: Network, parameters: int) -> list[np.ndarray]:
    """Masks of the largest trained weights among those that have kept their sign."""
    scores = []
    for before, after in zip(initial.linears[:-1], trained.linears[:-1], strict=True):
        kept_sign = torch.sign(before.weight) == torch.sign(after.weight)
        scores.append((after.weight * kept_sign).detach().numpy())
    return pruning.magnitude_masks(scores, parameters)


def share_of_kept_signs(ticket: Network, trained: Network) -> float:
    """The share of the ticket's first-layer weights whose sign is that of the trained ones."""
    same = torch.sign(ticket.linears[0].weight) == torch.sign(trained.linears[0].weight)
    kept = torch.from_numpy(ticket.masks[0])
    return float(same[kept].float().mean())


def _masks_by_iteration(
    subject: Subject, *, densities: Sequence[float], rules: Sequence[str]
) -> pd.DataFrame:
    """Accuracy of untrained tickets whose mask is that of the network after so many iterations.

    subject: the dense network at that iteration of its training.
    """
    trained = subject.network
    initial = subject.case.run.initial(subject.store)
    rows = []
    for density in densities:
        parameters = parameters_at(subject.case.setup, density)
        for rule in rules:
            ticket = ticket_by_rule(rule, trained, initial, parameters)
            right = accuracy(ticket, subject.data.validation)
            rows.append((rule, density, right, share_of_kept_signs(ticket, trained)))
    columns = ["rule", "mask_density", "ticket_accuracy", "signs_kept"]
    return pd.DataFrame(rows, columns=columns)


def _mask_seconds(case: Case, densities: Sequence[float], rules: Sequence[str]) -> float:
    each = estimates.pattern_seconds(case) + case.run.dense.parameters / 1e6
    return len(densities) * len(rules) * each


MASKS_BY_ITERATION = register(
    Measure(
        name="masks_by_iteration",
        columns=("rule", "mask_density", "ticket_accuracy", "signs_kept"),
        compute=_masks_by_iteration,
        seconds=_mask_seconds,
    )
)
