"""HTTP/1.1 as uvicorn speaks it, with its one error page as a problem like all others."""

import uuid

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import BadRequest, problem_response


class Protocol(HttpToolsProtocol):
    """What cannot be parsed never becomes a request: the answer is written here. So is the answer
    to a body longer than its Content-Length, whose rest looks like another, broken request.

    This parser also swallows the rest of a body that was refused, so that a caller who sends
    everything before it reads gets to read the refusal.
    """

    def send_400_response(self, msg: str) -> None:
        refusal = problem_response(BadRequest(f"No HTTP/1.1 request: {msg}"), uuid.uuid4().hex)
        headers = [*refusal.raw_headers, (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n%s\r\n%s" % (head, refusal.body))
        self.transport.close()
