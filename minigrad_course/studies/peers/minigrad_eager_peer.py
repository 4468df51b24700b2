"""The networks in minigrad, walked node by node: the proof of concept."""

from minigrad_course.studies.peers import minigrad_peer

PACKAGES = minigrad_peer.PACKAGES


class Peer(minigrad_peer.Peer):
    setting = "fit, run_eagerly=True, verbose=0"
    run_eagerly = True
