"""The plugin API: subclass `MachineBasePlugin`, decorate methods, and the framework does the rest."""

from machine.plugins.base import MachineBasePlugin
from machine.plugins.block_action import BlockAction
from machine.plugins.command import Command
from machine.plugins.message import Message
from machine.plugins.modals import ModalClosure, ModalSubmission

__all__ = ["BlockAction", "Command", "MachineBasePlugin", "Message", "ModalClosure", "ModalSubmission"]
