"""Iterative pruning: which weights are left, what they are rewound to, and what a kill changes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_experiments import TINY, Here, same

from mbh_utils import datasets
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS, PROFILES, lottery, prepare, table
from mbh_utils.experiments.lottery import (
    COLUMNS,
    ITERATIVE,
    ONE_SHOT,
    REINITIALISED,
    ladder,
    looks,
    with_held_out,
)
from mbh_utils.experiments.measures import Subject
from mbh_utils.training import Recipe, accuracy, train_stack

CASES = lottery.lottery_cases(TINY)
(OPTIONS,) = lottery.lottery_options(TINY)
SIZES = [64 * 9, 9 * 3, 3 * 10]


def chain(store: Store, **options) -> lottery._Chain:
    return lottery._Chain(CASES[0], store, {**OPTIONS, **options})


def masks_of(network) -> list[np.ndarray]:
    return [*network.masks, network.output_mask]


@pytest.fixture(scope="module")
def rows(done):
    return table("lottery", TINY, store=done)


def test_the_ladder_is_that_of_frankle_and_carbin():
    kept = ladder([784 * 300, 300 * 100, 100 * 10], rounds=20)
    shares = 100 * kept.sum(axis=1) / 266_200
    published = [
        80.0, 64.1, 51.3, 41.0, 32.9, 26.3, 21.1, 16.9, 13.5, 10.8, 8.7, 7.0, 5.6, 4.5, 3.6, 2.9,
        2.3, 1.85, 1.5, 1.2,
    ]  # fmt: skip
    assert kept[0].sum() == 266_200 and shares[1:] == pytest.approx(published, abs=0.06)


def test_the_held_out_images_are_no_training_images_and_the_same_for_all():
    whole = datasets.load("digits8")
    tagged = np.arange(len(whole.train), dtype=np.float32)[:, None].repeat(64, axis=1)
    split = with_held_out(replace(whole, train=replace_images(whole.train, tagged)))
    train, held_out = (set(part.images[:, 0]) for part in (split.train, split.validation))
    assert not train & held_out and len(train | held_out) == len(whole.train)
    assert len(held_out) == len(whole.train) // 12
    again = with_held_out(whole)
    places = split.validation.images[:, 0].astype(int)
    assert np.array_equal(again.validation.images, whole.train.images[places])
    assert np.array_equal(again.validation.labels, whole.train.labels[places])
    assert len(set(again.validation.labels)) == 10, "drawn, not a run of neighbours"


def replace_images(samples: datasets.Samples, images: np.ndarray) -> datasets.Samples:
    return datasets.Samples(images, samples.labels)


def test_the_table_has_every_round_kind_model_and_look(rows):
    assert tuple(rows) == COLUMNS
    assert not rows.duplicated(["kind", "round", "model", "iteration"]).any()
    rounds = rows.groupby("kind")["round"].unique().map(sorted).to_dict()
    assert rounds == {ITERATIVE: [0, 1, 2, 3], REINITIALISED: [1, 3], ONE_SHOT: [1, 3]}
    assert len(rows) == 2 * 8 * len(looks(20)) and set(rows["dataset"]) == {"digits8"}
    kept = ladder(SIZES, rounds=3).sum(axis=1)
    for number, of_round in rows.groupby("round"):
        assert (of_round["density"] == kept[number] / kept[0]).all()
    assert rows.drop(columns="training_accuracy").notna().all().all()
    measured = rows.groupby("iteration")["training_accuracy"].count()
    assert measured[measured > 0].index.tolist() == [0, 4, 8, 12, 16, 20]


def test_each_ticket_lies_within_the_one_before_and_has_its_initial_weights(done):
    mine = chain(done)
    start = mine._untrained(ITERATIVE)
    last = masks_of(start)
    for number in range(1, 4):
        ticket = mine._member(ITERATIVE, number)
        masks = masks_of(ticket)
        assert [int(mask.sum()) for mask in masks] == ladder(SIZES, 3)[number].tolist()
        trained = mine._trained(number)
        assert all(map(np.array_equal, masks, masks_of(trained)))
        for layer, first, mask, before in zip(
            ticket.linears, start.linears, masks, last, strict=True
        ):
            assert not (mask & ~before).any()
            expected = first.weight.detach().numpy() * mask
            assert np.array_equal(layer.weight.detach().numpy(), expected)
            assert torch.equal(layer.bias, first.bias)
        for layer, mask in zip(trained.linears, masks, strict=True):
            assert not layer.weight.detach().numpy()[~mask].any()
        last = masks


def test_what_a_round_prunes_were_the_smallest_trained_weights(done):
    mine = chain(done)
    for kind, number, judge in ((ITERATIVE, 3, 2), (ONE_SHOT, 3, 0)):
        trained = mine._trained(judge)
        pairs = zip(trained.linears, masks_of(trained), strict=True)
        for (layer, before), mask in zip(pairs, masks_of(mine._member(kind, number)), strict=True):
            size = np.abs(layer.weight.detach().numpy())
            # But for units that would be left without input, which keep their largest weight.
            several = mask & (mask.sum(axis=1, keepdims=True) > 1)
            assert size[several].min() >= size[before & ~mask].max()


def test_controls_have_the_ticket_s_mask_or_its_weights(done):
    mine = chain(done)
    ticket, fresh = (mine._member(kind, 3) for kind in (ITERATIVE, REINITIALISED))
    assert all(map(np.array_equal, masks_of(ticket), masks_of(fresh)))
    weights = [n.hidden_layers[0].weight.detach().numpy() for n in (ticket, fresh)]
    live = ticket.masks[0]
    assert (weights[0][live] != weights[1][live]).all()
    first = [mine._member(kind, 1) for kind in (ITERATIVE, ONE_SHOT)]
    assert same(*first), "after one round there is no difference yet"
    one_shot = mine._member(ONE_SHOT, 3)
    assert [m.sum() for m in masks_of(one_shot)] == [m.sum() for m in masks_of(ticket)]
    assert any((a != b).any() for a, b in zip(masks_of(one_shot), masks_of(ticket), strict=True))


def test_weights_are_glorot_normal_or_he_normal(tmp_path):
    glorot, he = (
        chain(Store(tmp_path), initialisation=name)._untrained(ITERATIVE)
        for name in ("glorot", "he")
    )
    assert same(he, CASES[0].run.initial())
    for a, b in zip(glorot.linears, he.linears, strict=True):
        ratio = (a.weight / b.weight).detach().numpy()
        n_in, n_out = a.in_features, a.out_features
        assert ratio == pytest.approx(np.sqrt((2 / (n_in + n_out)) / (2 / n_in)), rel=1e-5)
    with pytest.raises(MBHError, match='initialisation is \'orthogonal\'; choose "glorot" or "he"'):
        chain(Store(tmp_path), initialisation="orthogonal")._untrained(ITERATIVE)


def test_rows_are_what_direct_calls_give(done, rows):
    mine = chain(done)
    data = datasets.load("digits8")
    split = with_held_out(data)
    for kind in (ITERATIVE, REINITIALISED, ONE_SHOT):
        network = mine._member(kind, 3)
        (history,) = train_stack([network], split, Recipe(20), seeds=[0], milestones=[8])
        chosen = (rows["kind"] == kind) & (rows["round"] == 3) & (rows["model"] == 0)
        of_network = rows[chosen].set_index("iteration")
        for iteration in (8, 20):
            then = history.networks[iteration]
            row = of_network.loc[iteration]
            assert row["validation_accuracy"] == accuracy(then, split.validation)
            assert row["test_accuracy"] == accuracy(then, data.validation)
            assert row["training_accuracy"] == accuracy(then, split.train)
            images, labels = split.validation.images, split.validation.labels
            logits = then(torch.tensor(images)).detach().double().numpy()
            shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            loss = -np.log(shares[np.arange(len(labels)), labels]).mean()
            assert row["validation_loss"] == pytest.approx(loss, rel=1e-9)


class Killed(Exception):
    pass


@pytest.mark.parametrize("what", ["put_table", "put_arrays"])
def test_killed_again_and_again_it_gives_the_same_table(what, done, rows, tmp_path, monkeypatch):
    store = Store(tmp_path)
    put = getattr(Store, what)
    trained = []
    real = lottery._Chain._train

    def watched(self, kinds, number):
        trained.append((self.case.run.seed, number, tuple(kinds)))
        real(self, kinds, number)

    def dying(self, *arguments, **facts):
        put(self, *arguments, **facts)
        raise Killed

    monkeypatch.setattr(lottery._Chain, "_train", watched)
    kills = 0
    while True:
        with monkeypatch.context() as patch:
            if kills < 5:
                patch.setattr(Store, what, dying)
            try:
                prepare(TINY, ["lottery"], store=store, executor=Here())
                break
            except Killed:
                kills += 1
    assert kills == 5
    pd.testing.assert_frame_equal(table("lottery", TINY, store=store), rows, check_exact=True)
    first_chain = [(number, kinds) for seed, number, kinds in trained if seed == 0]
    if what == "put_table":  # what had its table was not trained again
        single = [(number, kind) for number, kinds in first_chain for kind in kinds]
        assert first_chain[1] == (1, (ITERATIVE, REINITIALISED, ONE_SHOT))
        assert (
            first_chain[2] == (1, (REINITIALISED, ONE_SHOT)) and single.count((1, ITERATIVE)) == 1
        )


def test_more_rounds_go_on_from_those_that_are_there(done, tmp_path):
    subject = Subject(CASES[0], CASES[0].run.initial(), Store(tmp_path))
    lottery.LOTTERY.compute(subject, **{**OPTIONS, "rounds": 2})
    more = lottery.LOTTERY.compute(subject, **OPTIONS)
    settings = lottery.LOTTERY.settings(CASES[0], OPTIONS)
    pd.testing.assert_frame_equal(more, done.table("measure", settings), check_exact=True)
    networks = [entry for entry in subject.store.entries() if entry.kind == "network"]
    assert len(networks) == 4, "the tickets of rounds 0 to 3"


def test_a_trained_ticket_that_has_gone_is_trained_again(done, tmp_path):
    store = Store(tmp_path)
    before = chain(store)._trained(1)
    store.drop("network", chain(store)._settings(ITERATIVE, 1))
    assert same(chain(store)._trained(1), before) and same(before, chain(done)._trained(1))


def test_the_paper_s_lottery_is_the_protocol_s():
    paper = PROFILES["paper"]
    (options,) = EXPERIMENTS["lottery"].variants(paper)
    assert (options["pruned"], options["pruned_output"], options["rounds"]) == (0.2, 0.1, 16)
    assert {7, 9, 15} <= set(options["controls"]), "P_m of 21.1, 13.5 and 3.6 %"
    assert paper.lottery_iterations == 50_000 and looks(50_000)[-1] == 50_000
    assert looks(1) == [0, 1] and looks(3) == [0, 1, 2, 3]
    assert len(with_held_out(datasets.load("digits8")).train) == 1437 - 1437 // 12
