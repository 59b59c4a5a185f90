"""errbot with its SlackV3 backend; its base URL, for which it has no setting, is all that differs from Slack."""

from __future__ import annotations

import logging
import os

from slack_sdk.web.base_client import BaseClient

_NAME = "https://slack.com/api/"
_defaults = list(BaseClient.__init__.__defaults__ or ())
_defaults[_defaults.index(_NAME)] = os.environ["SLACK_API_URL"]
BaseClient.__init__.__defaults__ = tuple(_defaults)

BACKEND = "SlackV3"
BOT_IDENTITY = {"token": os.environ["SLACK_BOT_TOKEN"], "app_token": os.environ["SLACK_APP_TOKEN"]}
BOT_DATA_DIR = os.environ["BOT_DATA_DIR"]
BOT_EXTRA_PLUGIN_DIR = None
BOT_ADMINS = ("@alice",)
BOT_LOG_FILE = None
BOT_LOG_LEVEL = logging.WARNING
CORE_PLUGINS = ("Help", "Utils")
