"""Emoji by their names in Slack: those that people use on messages, to be offered and to be drawn."""

from __future__ import annotations

EMOJI: dict[str, str] = {
    "+1": "👍", "-1": "👎", "100": "💯", "alarm_clock": "⏰", "angry": "😠", "arrow_down": "⬇", "arrow_up": "⬆",
    "beers": "🍻", "bell": "🔔", "birthday": "🎂", "blue_heart": "💙", "bookmark": "🔖", "books": "📚", "boom": "💥",
    "brain": "🧠", "broken_heart": "💔", "bug": "🐛", "bulb": "💡", "calendar": "📅", "chart_with_upwards_trend": "📈",
    "clap": "👏", "coffee": "☕", "cold_sweat": "😰", "computer": "💻", "construction": "🚧", "crossed_fingers": "🤞",
    "cry": "😢", "dart": "🎯", "ear": "👂", "exclamation": "❗", "exploding_head": "🤯", "eyes": "👀", "facepalm": "🤦",
    "fire": "🔥", "gear": "⚙", "gift": "🎁", "green_heart": "💚", "grey_question": "❔", "grin": "😁", "hammer": "🔨",
    "hand": "✋", "handshake": "🤝", "heart": "❤", "heavy_check_mark": "✔", "hourglass": "⌛",
    "hugging_face": "🤗", "joy": "😂", "key": "🔑", "laughing": "😆", "link": "🔗",
    "lock": "🔒", "mag": "🔍", "mega": "📣", "memo": "📝", "moneybag": "💰", "muscle": "💪", "neutral_face": "😐",
    "no_entry": "⛔", "ok_hand": "👌", "package": "📦", "palm_tree": "🌴", "partying_face": "🥳", "pencil2": "✏",
    "point_up": "☝", "pray": "🙏", "pushpin": "📌", "question": "❓", "rainbow": "🌈", "raised_hands": "🙌",
    "recycle": "♻", "red_circle": "🔴", "repeat": "🔁", "robot_face": "🤖", "rocket": "🚀", "rotating_light": "🚨",
    "scream": "😱", "see_no_evil": "🙈", "ship": "🚢", "shrug": "🤷", "skull": "💀", "slightly_smiling_face": "🙂",
    "smile": "😄", "snail": "🐌", "sob": "😭", "sparkles": "✨", "speech_balloon": "💬", "star": "⭐",
    "stopwatch": "⏱", "sunglasses": "😎", "sunny": "☀", "sweat_smile": "😅", "tada": "🎉", "thinking_face": "🤔",
    "thumbsdown": "👎", "thumbsup": "👍", "ticket": "🎫", "trophy": "🏆", "turtle": "🐢", "unlock": "🔓",
    "upside_down_face": "🙃", "warning": "⚠", "wave": "👋", "white_check_mark": "✅", "wink": "😉", "wrench": "🔧",
    "x": "❌", "zap": "⚡", "zzz": "💤",
}  # fmt: skip
"""Pictures by Slack's name for the emoji."""
