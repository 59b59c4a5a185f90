"""Where plugins written for slack-machine import the client's class from, to annotate their `__init__()`."""
