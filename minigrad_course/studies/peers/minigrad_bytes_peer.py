"""The networks in minigrad, fed with bytes: pictures become numbers when a step needs them."""

from minigrad import layers
from minigrad_course.studies.peers import minigrad_peer

PACKAGES = minigrad_peer.PACKAGES


class Peer(minigrad_peer.Peer):
    setting = "fit on pictures of bytes, Rescaling(1/255) as the first layer, verbose=0"
    takes_bytes = True
    first_layers = (layers.Rescaling(1 / 255),)
