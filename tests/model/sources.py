"""Mails put together byte by byte."""


def mail(body: bytes = b"hello\n", *headers: str) -> bytes:
    return "".join(f"{header}\n" for header in headers).encode() + b"\n" + body


def multipart(kind: str, *parts: bytes, boundary: str = "b0") -> bytes:
    head = f'Subject: s\nContent-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
    mark = b"--" + boundary.encode()
    return head + b"".join(mark + b"\n" + part + b"\n" for part in parts) + mark + b"--\n"


def text_part(text: str, kind: str = "plain") -> bytes:
    return f"Content-Type: text/{kind}; charset=utf-8\n\n{text}".encode()
