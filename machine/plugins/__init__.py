"""The plugin API: subclass `MachineBasePlugin`, decorate methods, and the framework does the rest."""

from machine.plugins.base import MachineBasePlugin
from machine.plugins.block_action import BlockAction
from machine.plugins.command import Command
from machine.plugins.home import HomeOpened
from machine.plugins.message import Message
from machine.plugins.modals import ModalClosure, ModalSubmission
from machine.plugins.options_request import OptionsRequest
from machine.plugins.shortcut import MessageShortcut, Shortcut
from machine.plugins.webhook import WebhookRequest, WebhookResponse

__all__ = [
    "BlockAction",
    "Command",
    "HomeOpened",
    "MachineBasePlugin",
    "Message",
    "MessageShortcut",
    "ModalClosure",
    "ModalSubmission",
    "OptionsRequest",
    "Shortcut",
    "WebhookRequest",
    "WebhookResponse",
]
