"""Where plugins written for slack-machine import some classes from; nothing here is used by the framework itself."""
