//! What a box says to the way out.

use dam_egress::reading;

use crate::Target;

/// Any bytes are a question, an answer, or neither.
pub(crate) const DNS: Target = Target {
    name: "dns",
    run: reading::dns,
    seeds: &[
        "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01",
        "\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\x03www\x01a\x07example\0\0\x41\0\x01\0\0\x29\x04\0\0\0\0\0\0\0",
    ],
};

/// A hello is the same however it is cut.
pub(crate) const HELLO: Target = Target {
    name: "hello",
    run: reading::tls,
    seeds: &[
        "\x16\x03\x01\0\x41\x01\0\0\x3d\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0\0\x02\x13\x01\x01\0\0\x12\0\0\0\x0e\0\x0c\0\0\x09a.example",
        "\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0\0\x02\x13\x01\x01\0\0\0",
    ],
};

/// Requests have one reading.
pub(crate) const HTTP: Target = Target {
    name: "http",
    run: reading::http,
    seeds: &[
        "GET http://a.example/b HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfree",
    ],
};

/// SOCKS5 up to the request.
pub(crate) const SOCKS: Target = Target {
    name: "socks",
    run: reading::socks5,
    seeds: &[
        "\x05\x02\0\x02",
        "\x05\x01\0\x03\x09a.example\x01\x3b",
        "\x05\x01\0\x01\x7f\0\0\x01\0\x50",
    ],
};
