import os
from collections.abc import Callable
from functools import partial
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any, Unpack

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, PoolManager

from sansmcp.client import ClientOptions, ClientSettings
from sansmcp.http import ClientExchange, Headers, OpenRequest
from sansmcp.session import Connected, Disconnected


class Client:
    def __init__(self, url: str, **settings: Unpack[ClientSettings]) -> None:
        self.endpoint = ClientOptions.of(settings).http_endpoint(url, os.urandom)
        self.pool = PoolManager(maxsize=10, retries=False)
        self.responses: dict[ClientExchange, BaseHTTPResponse] = {}
        self.inputs: Queue[Callable[[float], None]] = Queue()  # what threads have read

    def run(self, has_come: Callable[[Any], bool]) -> Any:
        while True:
            while (found := self.endpoint.next_event()) is not None:
                if has_come(found[1]) or isinstance(found[1], Disconnected):
                    return found[1]
            for action in self.endpoint.actions():
                if isinstance(action, OpenRequest):
                    Thread(target=self.carry, args=(action.exchange,), daemon=True).start()
                elif action.exchange in self.responses:
                    self.responses.pop(action.exchange).shutdown()  # its thread stops reading
            due = self.endpoint.next_deadline()
            try:
                self.inputs.get(timeout=None if due is None else max(0, due - monotonic()))(monotonic())
            except Empty:
                self.endpoint.handle_timeout(monotonic())

    def carry(self, exchange: ClientExchange) -> None:
        method, url, fields = exchange.request.method, str(exchange.url), exchange.request.headers.lines
        how: Any = {"headers": HTTPHeaderDict(fields), "redirect": False, "preload_content": False}
        try:
            with self.pool.request(method, url, exchange.body, **how) as response:
                self.responses[exchange] = response
                head = partial(exchange.receive_head, response.status, Headers(response.headers.items()))
                self.inputs.put(head)
                while data := response.read1():
                    self.inputs.put(partial(exchange.receive_data, data))
                self.responses.pop(exchange, None)
            self.inputs.put(exchange.receive_eof)
        except Exception as error:  # noqa: BLE001
            self.inputs.put(partial(exchange.receive_failure, str(error)))

    def connect(self) -> Any:
        self.endpoint.connect(monotonic())
        return self.run(lambda event: isinstance(event, Connected))

    def call(self, method: str, params: Any = None) -> Any:
        handle = self.endpoint.session.send_request(method, params, monotonic())
        return self.run(lambda event: getattr(event, "handle", None) == handle)
