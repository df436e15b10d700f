"""OSWorld's own client against a server: run by the interpreter that has `desktop-env`.

    python desktop_env_client.py PORT

Prints one JSON object. What `desktop-env` imports and these tasks do not use is replaced.
"""

import importlib.abc
import importlib.machinery
import json
import logging
import sys
import tempfile
from unittest import mock

UNUSED = [
    "acoustid", "borb", "boto3", "botocore", "cv2", "docker", "easyocr", "fastdtw", "fitz",
    "formulas", "imagehash", "librosa", "mutagen", "odf", "pdfplumber", "playwright", "pptx",
    "pydrive", "PyPDF2", "pypdf", "scipy", "skimage", "tldextract",
]  # fmt: skip


class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives an empty stand-in for those of UNUSED that are not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in UNUSED:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__name__ = [], spec, spec.name
        return module

    def exec_module(self, module):
        pass


class Provider:
    """One desktop that is running already, at a port."""

    def __init__(self, port):
        self.port = port

    def start_emulator(self, *_):
        pass

    def get_ip_address(self, _):
        return f"127.0.0.1:{self.port}:9222:8006:8080"

    def revert_to_snapshot(self, path, _):
        import requests

        requests.post(f"http://127.0.0.1:{self.port}/tracegraph/reset", json={}).raise_for_status()
        return path

    def stop_emulator(self, _):
        pass


TASK = {
    "id": "write-a-note",
    "instruction": "Write hello < there into the note and save it.",
    "config": [
        {"type": "execute", "parameters": {"command": "touch /home/user/note.txt", "shell": True}},
        {"type": "launch", "parameters": {"command": ["mousepad", "/home/user/note.txt"]}},
        {"type": "sleep", "parameters": {"seconds": 2}},
        {"type": "activate_window", "parameters": {"window_name": "note.txt"}},
    ],
    "evaluator": {
        "func": "exact_match",
        "result": {"type": "vm_command_line", "command": ["cat", "/home/user/note.txt"]},
        "expected": {"type": "rule", "rules": {"expected": "hello < there"}},
    },
}


def main(port):
    sys.meta_path.append(Missing())
    from desktop_env import desktop_env

    desktop_env.create_vm_manager_and_provider = lambda *_, **__: (mock.MagicMock(), Provider(port))
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        for space, actions in {
            "pyautogui": ["pyautogui.typewrite('hello < there')", "pyautogui.hotkey('ctrl', 's')"],
            "computer_13": [
                {"action_type": "CLICK", "parameters": {"x": 640, "y": 400}},
                {"action_type": "HOTKEY", "parameters": {"keys": ["ctrl", "a"]}},
                {"action_type": "TYPING", "parameters": {"text": "hello < there"}},
                {"action_type": "HOTKEY", "parameters": {"keys": ["ctrl", "s"]}},
                "WAIT",
            ],
        }.items():
            env = desktop_env.DesktopEnv(
                "vmware", path_to_vm="/ours", action_space=space, cache_dir=folder,
                screen_size=(1280, 720), require_terminal=True,
            )  # fmt: skip
            seen = env.reset(TASK)
            begin = env.evaluate()
            for action in actions:
                seen, _, _, _ = env.step(action, pause=0)
            told[space] = {
                "png": len(seen["screenshot"]),
                "tree": "note.txt" in seen["accessibility_tree"],
                "terminal": seen["terminal"],
                "begin": begin,
                "end": env.evaluate(),
                "platform": env.vm_platform,
                "size": env.vm_screen_size,
                "folder": env.controller.get_vm_directory_tree("/home/user")["type"],
            }
            env.setup_controller._close_window_setup("note.txt")
            env.close()
    print(json.dumps(told))


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main(int(sys.argv[1]))
