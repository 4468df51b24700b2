"""One small program for each framework, all with the same interface.

A module ``<name>_peer`` holds a class ``Peer``, written as that framework's own documentation
would write it, at its faster setting:

``Peer(network, batch, threads)``
    builds the network of :mod:`minigrad_course.studies.networks` with the given starting weights;
``peer.prepare(pictures, labels)``
    hands over float32 pictures ``(n, 28, 28, 1)`` and integer labels ``(n,)`` in the form that
    the framework likes best, once;
``peer.epoch(data)``
    trains on all of them in a new random order, the smaller last batch included, and returns
    when the work is done, not when it has been queued;
``peer.accuracy(data)``
    is the share of pictures classified correctly;
``peer.setting``
    says in words how the framework was set, for the report.

One that has ``takes_bytes`` is given the pictures as they are stored, as bytes.

``python -m minigrad_course.studies.peers`` runs one of them in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PEERS", "PeerInformation"]


@dataclass(frozen=True)
class PeerInformation:
    """How a peer is called in tables and charts, and which modules must be there."""

    label: str
    modules: tuple[str, ...]


PEERS = {
    "minigrad": PeerInformation("minigrad, planned", ()),
    "minigrad_bytes": PeerInformation("minigrad, from bytes", ()),
    "minigrad_eager": PeerInformation("minigrad, eager", ()),
    "keras": PeerInformation("Keras", ("keras", "tensorflow")),
    "keras_plain": PeerInformation("Keras, plain fit", ("keras", "tensorflow")),
    "torch": PeerInformation("PyTorch", ("torch",)),
    "jax": PeerInformation("JAX", ("jax",)),
    "floor": PeerInformation("floor: products alone", ()),
}
