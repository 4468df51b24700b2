"""Keras as most scripts have it: ``fit`` with one step in each call of the traced function."""

from minigrad_course.studies.peers import keras_peer

PACKAGES = keras_peer.PACKAGES


class Peer(keras_peer.Peer):
    steps_per_execution = 1
