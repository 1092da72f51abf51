"""Bytes that a proxy and the relay could read as different requests, or that hide one."""

from __future__ import annotations

GET = b"GET /v1/health HTTP/1.1\r\n"
HOST = b"Host: relay\r\n"
LAST = GET + HOST + b"Connection: close\r\n\r\n"
SMUGGLED = b"<smuggled>"
"""Stands for a request that would delete an envelope, if it were taken for one."""
CHUNKED = b"Transfer-Encoding: chunked\r\n"
KEY = b"Authorization: Owner " + b"A" * 43 + b"\r\n"
JSON = b"Content-Type: application/json\r\n"
WAIT = b'{"after":[0],"seconds":0}'


def head(*lines: bytes) -> bytes:
    return GET + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /v1/wait HTTP/1.1\r\n" + HOST + b"".join(headers) + b"\r\n" + body


def sized(size: bytes, body: bytes = b"hello" + SMUGGLED) -> bytes:
    return post(b"Content-Length: " + size + b"\r\n", body=body)


def coded(*codings: bytes) -> bytes:
    lines = [b"Transfer-Encoding:" + coding + b"\r\n" for coding in codings]
    return post(*lines, body=b"0\r\n\r\n" + SMUGGLED)


def chunks(body: bytes) -> bytes:
    return post(KEY, JSON, CHUNKED, body=body + SMUGGLED)


LENGTH_5 = b"Content-Length: 5\r\n"
TWO_READINGS = {
    "a length, then chunks": post(LENGTH_5, CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks, then a length": post(CHUNKED, LENGTH_5, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks and no coding": coded(b" chunked", b" identity"),
    "chunks twice": coded(b" chunked", b" chunked"),
    "chunks in chunks": coded(b" chunked, chunked"),
    "chunks of something coded": coded(b" gzip, chunked"),
    "something coded of chunks": coded(b" chunked, gzip"),
    "no coding": coded(b" identity"),
    "an unknown coding": coded(b" xchunked"),
    "a coding behind a vertical tab": coded(b" \x0bchunked"),
    "a coding in a folded line": coded(b"\r\n chunked"),
    "a space before the colon": post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": coded(b" chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a length twice": post(LENGTH_5, LENGTH_5, body=b"hello" + SMUGGLED),
    "two lengths": post(b"Content-Length: 0\r\n", LENGTH_5, body=b"hello" + SMUGGLED),
    "a list of lengths": sized(b"5, 5"),
    "a length with a sign": sized(b"+5"),
    "a length below nothing": sized(b"-5"),
    "a length in hexadecimal": sized(b"0x5"),
    "a length with an underscore": sized(b"1_0"),
    "an empty length": sized(b""),
    "a length beyond 64 bits": sized(b"9" * 30),
    "a length in a folded line": sized(b"\r\n 5"),
    "a length behind a space": post(b"Content-Length : 5\r\n", body=b"hello" + SMUGGLED),
    "a line that ends early": head(b"X: a\nContent-Length: 5"),
    "a line that ends with a carriage return": head(b"X: a\rContent-Length: 5"),
    "a folded line": head(b"X: a", b" b"),
    "lines that end without a carriage return": LAST.replace(b"\r\n", b"\n"),
    "lines that end without a line feed": LAST.replace(b"\r\n", b"\r"),
    "a chunk that is longer than it says": chunks(b"5\r\nhelloX\r\n0\r\n\r\n"),
    "a chunk below nothing": chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk with a prefix": chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk with a space": chunks(b"5 \r\nhello\r\n0\r\n\r\n"),
    "a chunk beyond 64 bits": chunks(b"F" * 17 + b"\r\nhello\r\n0\r\n\r\n"),
    "chunks that end without a carriage return": chunks(b"5\nhello\n0\n\n"),
    "an extension that ends without one": chunks(b"5;\nhello\r\n0\r\n\r\n"),
    "a length in a trailer": chunks(b"0\r\nContent-Length: 50\r\n\r\n"),
    "more trailers than headers": chunks(b"0\r\n" + b"X: a\r\n" * 1_000 + b"\r\n"),
    "an endless trailer": chunks(b"0\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
    "no host": GET + b"\r\n",
    "two hosts": head(b"Host: other"),
    "a host that is a path": LAST.replace(b"relay", b"relay/v1/wait"),
    "a host with somebody's name": LAST.replace(b"relay", b"robin@relay"),
    "a host with a space": LAST.replace(b"relay", b"relay other"),
    "a host that is not ASCII": LAST.replace(b"relay", b"r\xe9lay"),
    "a fragment": LAST.replace(b"health", b"health#here"),
    "an empty fragment": LAST.replace(b"health", b"health#"),
    "no slash": LAST.replace(b"/v1", b"v1"),
    "a place without a path": LAST.replace(b"/v1/health", b"relay:443"),
    "a path that is not ASCII": LAST.replace(b"health", b"h\xc3\xa4lth"),
    "a method in small letters": LAST.replace(b"GET", b"get"),
    "tabs between the words": LAST.replace(b" /v1/health ", b"\t/v1/health\t"),
    "a space after the version": LAST.replace(b"HTTP/1.1", b"HTTP/1.1 "),
    "HTTP/0.9": b"GET /v1/health\r\n\r\n",
    "HTTP/1.2": LAST.replace(b"1.1", b"1.2"),
    "HTTP/2.0": LAST.replace(b"1.1", b"2.0"),
    "HTTP/9": LAST.replace(b"1.1", b"9"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "a greeting of TLS": bytes.fromhex("16030100c8010000c40303") + bytes(100),
    "a zero byte in a value": head(b"X: a\x00b"),
    "a zero byte in a name": head(b"X\x00: a"),
    "a name that is not ASCII": head(b"X\xe9: a"),
    "a name with a space": head(b"X Y: a"),
    "no name": head(b": a"),
    "no colon": head(b"name"),
    "a space before the first header": GET + b" Host: relay\r\n\r\n",
    "two content types": post(KEY, JSON, JSON, LENGTH_5, body=b"hello"),
    "something after a request without a body": head() + b"junk\r\n\r\n",
}

SOUND: dict[str, tuple[bytes, list[int]]] = {
    "two requests in one segment": (head() + head(), [200, 200]),
    "answers in the order of requests": (
        LAST.replace(b"Connection: close\r\n", b"").replace(b"/health", b"/nothing")
        + post(LENGTH_5, body=b"hello")
        + head(),
        [404, 401, 200],
    ),
    "a request in the body of one that has none": (
        head(b"Content-Length: 10") + SMUGGLED,
        [413],
    ),
    "a request in a refused body": (post(JSON, b"Content-Length: 10\r\n", body=SMUGGLED), [401]),
    "a request in a body": (post(KEY, JSON, b"Content-Length: 10\r\n", body=SMUGGLED), [400]),
    "a request in a chunk": (
        post(KEY, JSON, CHUNKED, body=b"a\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
        [400],
    ),
    "chunks behind a tab": (
        post(KEY, JSON, b"Transfer-Encoding:\tchunked\r\n", body=b"0\r\n\r\n"),
        [400],
    ),
    "an extension of a chunk": (
        post(KEY, JSON, CHUNKED, body=b"19;a=b\r\n" + WAIT + b"\r\n0\r\n\r\n"),
        [200],
    ),
    "a long extension of a chunk": (
        post(KEY, JSON, CHUNKED, body=b"19;" + b"a" * 100_000 + b"\r\n" + WAIT + b"\r\n0\r\n\r\n"),
        [200],
    ),
    "a trailer": (
        post(KEY, JSON, CHUNKED, body=b"19\r\n" + WAIT + b"\r\n0\r\nX: a\r\n\r\n"),
        [200],
    ),
    "a whole URL": (head().replace(b"/v1", b"https://other/v1"), [200]),
    "dots in a path": (head().replace(b"/v1", b"/v1/../v1"), [404]),
    "an empty host": (GET + b"Host:\r\n\r\n", [200]),
    "a value that is not ASCII": (head(b"X: \xff\xfe"), [200]),
    "a key that is not ASCII": (
        post(b"Authorization: Owner \xff\xfe\r\n", JSON, LENGTH_5, body=b"hello"),
        [400],
    ),
    "two keys": (post(KEY, KEY, JSON, LENGTH_5, body=b"hello"), [400]),
    "an unknown expectation": (head(b"Expect: tea"), [200]),
    "empty lines before": (b"\r\n\r\n" + head(), [200]),
    "UTF-16": (
        post(KEY, JSON, b"Content-Length: 52\r\n", body=WAIT.decode().encode("utf-16")),
        [400],
    ),
    "a mark of the byte order": (
        post(KEY, JSON, b"Content-Length: 28\r\n", body=b"\xef\xbb\xbf" + WAIT),
        [400],
    ),
    "a body that says it is not encoded": (
        post(KEY, JSON, b"Content-Encoding: identity\r\nContent-Length: 25\r\n", body=WAIT),
        [415],
    ),
}
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
PROTOCOLS = {
    "HTTP/2": (
        head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA"),
        200,
    ),
    "a websocket": (head(UPGRADE[:-2], b"Sec-WebSocket-Key: AAAA"), 200),
    "a websocket, with a body": (post(UPGRADE, b"Content-Length: 10\r\n", body=SMUGGLED), 401),
    "a protocol that nobody knows": (head(b"Connection: Upgrade", b"Upgrade: tea"), 200),
    "a tunnel": (b"CONNECT relay:443 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
}
OVERSIZED = {
    "a target": LAST.replace(b"health", b"a" * 1_000_000),
    "a method": b"A" * 1_000_000,
    "a version": GET[:-2] + b"1" * 1_000_000,
    "a header's value": head(b"X: " + b"a" * 1_000_000),
    "a header's name": head(b"a" * 1_000_000 + b": a"),
    "a key": head(b"Authorization: Owner " + b"A" * 1_000_000),
    "a list of keys": post(KEY[:-2] + b"," + b",".join([b"A" * 43] * 1_000) + b"\r\n", body=b""),
    "100,000 headers": head(*(b"X-%d: a" % number for number in range(100_000))),
}
