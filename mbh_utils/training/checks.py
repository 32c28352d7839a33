"""What training refuses: networks, data and options that do not go together."""

from collections.abc import Sequence

import numpy as np
import torch

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import MaskedLinear, Network, pruning
from mbh_utils.training.recipe import LIVE, STATE, Recipe, State


def check_trainable(network) -> None:
    """MBHError for what is no network of this package, or what training would treat as another.

    Training is written out for what a Network computes, so it knows of no changed forward and of no
    hook.

    Examples
    --------
    >>> check_trainable(Network(5, (4, 3), 2))
    >>> check_trainable(torch.nn.Linear(5, 2))
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: a Linear cannot be trained here: ...
    """
    if not isinstance(network, Network):
        raise MBHError(
            f"a {type(network).__name__} cannot be trained here: train takes networks of this "
            "package (feed_forward, lenet, deepfc). Train a torch module of your own by a loop of "
            "torch; everything else takes it as it is"
        )
    if _was_changed(network):
        raise MBHError(
            "network was changed after it was made (its forward, layers, hooks or "
            "parametrisations), which training does not follow: train a network as lenet or "
            "feed_forward makes it"
        )
    for name, parameter in network.named_parameters():
        if parameter.dtype != torch.float32:
            raise MBHError(
                f"{name} of the network is {parameter.dtype}; training computes in float32: call "
                "network.float()"
            )
        if not parameter.requires_grad:
            raise MBHError(
                f"{name} of the network is frozen (requires_grad=False), but training changes all "
                "weights"
            )


def _was_changed(network: Network) -> bool:
    """Whether it computes something else than a Network as it is made."""
    hidden_kinds = {type(layer) for layer in network.hidden_layers}
    if type(network).forward is not Network.forward or hidden_kinds != {MaskedLinear}:
        return True
    if type(network.output) not in (torch.nn.Linear, MaskedLinear):
        return True
    for module in network.modules():
        hooks = module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
        if hooks or "forward" in vars(module):
            return True
    shapes = [(linear.out_features, linear.in_features) for linear in network.linears]
    widths = (*network.hidden, network.n_classes)
    return shapes != pruning.layer_shapes(network.n_inputs, widths)


def given_networks(networks) -> list[Network]:
    """The networks of a stack: each of this package, float32, what it was made as, there once."""
    if isinstance(networks, torch.nn.Module):
        raise MBHError(
            "networks is one network; train_stack takes a list of them, and train(network, data) a "
            "single one"
        )
    networks = require.listed("networks", networks, "networks")
    for network in networks:
        check_trainable(network)
    parameters = [id(p) for network in networks for p in network.parameters()]
    if len(set(parameters)) < len(parameters):
        raise MBHError(
            "networks holds one network twice, or two that share weights: give each its own, "
            "network.copy()"
        )
    return networks


def given_states(states, n_networks: int) -> list[State]:
    """Where each network begins; None stands for the start of its training."""
    if states is None:
        states = [None] * n_networks
    states = require.listed("states", states, "states, one per network")
    return [State(0, {}) if state is None else state for state in states]


def given_device(device) -> torch.device:
    """Where to train: a CPU or a CUDA device that is there."""
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    wanted = 'the name of one, "cpu" or "cuda", or None'
    require.kind_of("device", device, str | torch.device, wanted)
    try:
        found = torch.device(device)
    except RuntimeError:
        raise MBHError(
            f'device is {require.shown(device)}; choose "cpu", or "cuda" where there is a GPU'
        ) from None
    if found.type not in ("cpu", "cuda"):
        raise MBHError(f'device is "{found}"; training knows "cpu" and "cuda" only')
    n_devices = torch.cuda.device_count()
    if found.type == "cuda" and not (found.index or 0) < n_devices:
        raise MBHError(
            f'device is "{found}", but there are {n_devices} CUDA devices here: use "cpu"'
        )
    return found


def check_options(checkpoint, every, keep, progress) -> None:
    """MBHError for options of train_stack that are not what they should be."""
    for name, function in (("checkpoint", checkpoint), ("keep", keep)):
        if function is not None and not callable(function):
            raise MBHError(f"{name} is {require.shown(function)}; expected a function, or None")
    require.number("every", every, "a number of seconds", lambda seconds: not np.isnan(seconds))
    if not (progress is None or isinstance(progress, bool | np.bool_) or callable(progress)):
        raise MBHError(
            f"progress is {require.shown(progress)}; expected None, True, False or a function of "
            "the share that is done"
        )


def check_seeds(networks: Sequence[Network], seeds: list) -> None:
    """MBHError unless there is one seed per network."""
    if not networks or len(networks) != len(seeds):
        raise MBHError(
            f"one seed per network is needed, got {len(networks)} networks and {len(seeds)} seeds"
        )
    for seed in seeds:
        require.whole("seed", seed, 0)


def check_data(networks: Sequence[Network], data, recipe: Recipe) -> None:
    """MBHError for data that these networks cannot be trained on."""
    require.kind_of("recipe", recipe, Recipe, "a Recipe(iterations, batch_size, learning_rate)")
    require.data_set("data", data, ("name", "train", "validation"))
    shapes = {(n.n_inputs, n.hidden, n.n_classes) for n in networks}
    if len(shapes) > 1:
        raise MBHError(f"a stack holds networks of one architecture, got {sorted(shapes)}")
    n_inputs, _, n_classes = shapes.pop()
    if (n_inputs, n_classes) != (data.n_inputs, data.n_classes):
        raise MBHError(
            f"the networks take {n_inputs} inputs to {n_classes} classes, "
            f"but {data.name} has {data.n_inputs} and {data.n_classes}"
        )


def check_samples(data, n_classes: int) -> None:
    """MBHError for samples that cannot be learned from, or not be judged by."""
    for part, samples in (("training", data.train), ("validation", data.validation)):
        if not len(samples.labels):
            raise MBHError(f"{data.name} has no {part} samples; training needs some of both parts")
        if not np.isfinite(samples.images).all():
            raise MBHError(
                f"the {part} images of {data.name} contain NaN or infinite values; fix them first"
            )
        if not ((samples.labels >= 0) & (samples.labels < n_classes)).all():
            raise MBHError(
                f"the {part} labels of {data.name} must lie in 0..{n_classes - 1}, one for each "
                "class"
            )


def check_states(networks: Sequence[Network], states: list[State], recipe: Recipe) -> None:
    """MBHError for states that do not belong to these networks and this recipe."""
    if len(states) != len(networks):
        raise MBHError(
            f"one state per network is needed, got {len(states)} for {len(networks)} networks"
        )
    for network, state in zip(networks, states, strict=True):
        wanted = "a State that checkpoint was given, or None"
        require.kind_of("a state in states", state, State, wanted)
        _check_state(network, state, recipe.iterations)


def _check_state(network: Network, state: State, iterations: int) -> None:
    size = sum(parameter.numel() for parameter in network.parameters())
    shapes = {}
    if state.iteration:
        shapes = dict.fromkeys(STATE, ())  # of what is missing
        known = [name for name in (*STATE, LIVE) if name in state.arrays]
        shapes |= {name: np.shape(state.arrays[name]) for name in known}
    fits = all(shape == (size,) for shape in shapes.values())
    if not fits or not 0 <= state.iteration <= iterations:
        raise MBHError(
            f"a state at iteration {state.iteration} with arrays {shapes} does not belong to "
            f"{network} trained for {iterations} iterations: it needs {', '.join(STATE)}, each of "
            f"{size:,} numbers"
        )
