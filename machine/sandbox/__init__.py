"""An embedded Slack workspace that speaks Slack's own wire protocol on loopback.

`Workspace` is the state with Slack's rules, in plain Python; `Sandbox` serves it, so that unmodified Slack SDKs can
talk to it.
"""

from __future__ import annotations

from machine.sandbox.delivery.interactions import Interaction as Interaction
from machine.sandbox.refusal import SlackRefusal as SlackRefusal
from machine.sandbox.server import Sandbox as Sandbox
from machine.sandbox.state.changes import Change as Change
from machine.sandbox.state_file import kept_state as kept_state
from machine.sandbox.state_file import load_state as load_state
from machine.sandbox.state_file import save_state as save_state
from machine.sandbox.traffic_log import Recording as Recording
from machine.sandbox.workspace import Workspace as Workspace
