"""Drives the chat from another program: client.py http://127.0.0.1:8000/

Logs in as alice and bob, lets them talk, and shows that nobody gets in without a token.
Works with websockets 10.4 and later.
"""

import asyncio
import json
import sys
import urllib.request
from urllib.parse import quote, urlsplit

import websockets

PATIENCE = 30  # seconds


def log_in(page, name):
    request = urllib.request.Request(
        f"{page}api/login",
        data=json.dumps({"username": name, "password": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)["token"]


async def hear(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))


async def close_code(url):
    async with websockets.connect(url) as socket:
        try:
            await asyncio.wait_for(socket.recv(), PATIENCE)
        except websockets.exceptions.ConnectionClosed as closed:
            return closed.rcvd.code
    raise AssertionError("somebody without a token heard something")


async def main(page):
    room = f"ws://{urlsplit(page).netloc}/ws/chat/python/"
    alice, bob = (f"{room}?token={quote(log_in(page, name))}" for name in ("alice", "bob"))
    async with websockets.connect(alice) as alice, websockets.connect(bob) as bob:
        for socket, name, text in [(alice, "alice", "Hello from Python!"), (bob, "bob", "Hi, Alice. 🐍")]:
            await socket.send(json.dumps({"type": "chat.message", "text": text}))
            heard = await hear(alice)
            assert heard == await hear(bob), heard
            assert (heard["type"], heard["from"], heard["text"]) == ("chat.message", name, text), heard
    code = await close_code(room)
    assert code == 4001, code


asyncio.run(main(sys.argv[1]))
print("both heard each other, and nobody else got in")
