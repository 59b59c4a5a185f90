"""An app as Bolt for Python's documentation shows one; all that is particular to the sandbox is the base URL.

Run by test_bolt.py as a process of its own.
"""

from __future__ import annotations

import os
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


@app.message("hello")
def greet(message: dict[str, Any], say: Any) -> None:
    """Answer in the channel, with a button."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "Click me"}, "action_id": "clicked"}
    text = {"type": "mrkdwn", "text": f"Hey there <@{message['user']}>!"}
    say(blocks=[{"type": "section", "text": text, "accessory": button}], text=f"Hey there <@{message['user']}>!")


@app.action("clicked")
def notice_click(body: dict[str, Any], ack: Any, respond: Any) -> None:
    """Put something else in place of the message that was clicked."""
    ack()
    respond(text=f"<@{body['user']['id']}> clicked the button", replace_original=True)


@app.command("/echo")
def echo(ack: Any, command: dict[str, Any], respond: Any) -> None:
    """Say what was said."""
    ack()
    respond(command["text"])


@app.command("/scopes")
def tell_scopes(ack: Any, context: Any, respond: Any) -> None:
    """Say what the token is good for."""
    ack()
    respond(",".join(context.authorize_result.bot_scopes or ()))


@app.command("/ticket")
def open_ticket(ack: Any, body: dict[str, Any], client: WebClient) -> None:
    """Show a modal."""
    ack()
    element = {"type": "plain_text_input", "action_id": "what"}
    block = {
        "type": "input",
        "block_id": "problem",
        "label": {"type": "plain_text", "text": "What?"},
        "element": element,
    }
    title = {"type": "plain_text", "text": "A ticket"}
    submit = {"type": "plain_text", "text": "File it"}
    view = {"type": "modal", "callback_id": "ticket", "title": title, "submit": submit, "blocks": [block]}
    client.views_open(trigger_id=body["trigger_id"], view=view)


@app.view("ticket")
def file_ticket(ack: Any, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
    """Refuse a ticket that says too little; confirm the others in a DM."""
    what = view["state"]["values"]["problem"]["what"]["value"]
    if len(what) < 5:
        ack(response_action="errors", errors={"problem": "Say more"})
        return
    ack()
    client.chat_postMessage(channel=body["user"]["id"], text=f"Filed: {what}")


if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]  # Bolt has no type for it
