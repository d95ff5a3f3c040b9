"""The keyring of the operating system, where the package `keyring` is installed and finds one that answers."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any

#: What the keys of ours are listed under in a keyring.
SERVICE = "jupyter-agent"
#: A keyring may ask its user to unlock it; nobody waits longer for that than this.
WAIT_SECONDS = 5.0
_SWITCHED_OFF = "keyring.backends.null"
_FILE_INSTEAD = (
    "Keys are kept in keys.json in Jupyter's data folder, which only you can read. To keep them there without this notice, "
    "set PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring."
)


class KeyringUnavailable(Exception):
    """There is no keyring that can be used; the message says why and what to do, and is empty where that is meant so."""


class SystemKeyring:
    """Asks the keyring in threads that can be left behind.

    Attributes:
        problem: Why it could not be used when it was asked last; empty where it could, or where nobody wants it.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._asked: threading.Thread | None = None

    def get(self, name: str) -> str | None:
        """A password; None where there is none.

        Raises:
            KeyringUnavailable: it cannot be asked.
        """
        password: str | None = self._ask("get_password", name)
        return password

    def set(self, name: str, password: str) -> None:
        """Keep a password.

        Raises:
            KeyringUnavailable: it cannot be asked, or has not kept it.
        """
        self._ask("set_password", name, password)
        if self.get(name) != password:
            self._fail("The keyring of this machine does not keep what it is given.")

    def delete(self, name: str) -> None:
        """Forget a password, where there is one.

        Raises:
            KeyringUnavailable: it cannot be asked.
        """
        if self.get(name) is not None:
            self._ask("delete_password", name)

    def _ask(self, method: str, *arguments: str) -> Any:
        if find_spec("keyring") is None:
            raise KeyringUnavailable("")
        if self._asked is not None and self._asked.is_alive():
            self._fail("The keyring of this machine does not answer: unlock it.")
        answers: list[Any] = []
        failures: list[BaseException] = []

        def ask() -> None:
            try:
                answers.append(getattr(_backend(), method)(SERVICE, *arguments))
            except BaseException as error:  # noqa: BLE001 - a keyring of others may raise anything
                failures.append(error)

        self._asked = threading.Thread(target=ask, name="jupyter-agent-keyring", daemon=True)
        self._asked.start()
        self._asked.join(WAIT_SECONDS)
        if failures and isinstance(failures[0], KeyringUnavailable):
            self._fail(str(failures[0]))
        if failures:
            self._fail(f"The keyring of this machine cannot be used ({type(failures[0]).__name__}).")
        if not answers:
            self._fail("The keyring of this machine does not answer: unlock it.")
        self.problem = ""
        return answers[0]

    def _fail(self, reason: str) -> None:
        self.problem = f"{reason} {_FILE_INSTEAD}" if reason else ""
        raise KeyringUnavailable(self.problem)


def _backend() -> Any:
    """The keyring that the user has chosen, or the best of this machine.

    Raises:
        KeyringUnavailable: there is none.
    """
    import keyring

    backend = keyring.get_keyring()
    module = type(backend).__module__
    if module == _SWITCHED_OFF:
        raise KeyringUnavailable("")
    if module == "keyring.backends.fail":
        raise KeyringUnavailable("There is no keyring on this machine.")
    return backend
