"""HTTP by hand: exactly the bytes that a test names go out."""
import socket


class Answer:
    """A parsed response; rest is what followed it on the connection."""

    def __init__(self, head, body, rest=b""):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body = body
        self.rest = rest


class Connection:
    def __init__(self, port, timeout_s=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self):
        """The next response, or None when the connection ended before one."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        answer = Answer(head, b"")
        length = answer.headers.get("content-length")
        while length is not None and len(self.buffer) < int(length):
            if not self._more():
                break
        size = int(length) if length is not None else 0
        answer.body, self.buffer = self.buffer[:size], self.buffer[size:]
        return answer

    def closed(self):
        """True when the peer closes without another byte."""
        while self._more():
            pass
        return self.buffer == b""


def request(path, headers, body, method="POST", extra=()):
    """The bytes of a plain request; extra lines go in as they are."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in headers.items())]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in extra):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *extra, "", ""]).encode("latin-1") + body


def exchange(port, data):
    """Sends data on a fresh connection; the answer and whether the server then closed (if it answered at all)."""
    with Connection(port) as c:
        c.send(data)
        return c.answer()
