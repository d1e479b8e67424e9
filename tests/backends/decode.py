"""Reads a push as Loki gets it (a snappy block) from standard input and writes it as JSON.

The message is decoded by Google's protobuf with what its compiler makes of logproto.proto; the
snappy block by the few lines below, after its format description.
"""

import json
import os
import sys
import tempfile

from grpc_tools import protoc


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def unsnap(data):
    length, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            size = (tag >> 2) + 1
            if size > 60:
                extra = size - 60
                size = int.from_bytes(data[at : at + extra], "little") + 1
                at += extra
            out += data[at : at + size]
            at += size
            continue
        if kind == 1:
            size = ((tag >> 2) & 7) + 4
            offset = (tag >> 5) << 8 | data[at]
            at += 1
        else:
            size = (tag >> 2) + 1
            width = 2 if kind == 2 else 4
            offset = int.from_bytes(data[at : at + width], "little")
            at += width
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length, (len(out), length)
    return bytes(out)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        include = os.path.join(os.path.dirname(protoc.__file__), "_proto")
        status = protoc.main(
            ["protoc", f"-I{here}", f"-I{include}", f"--python_out={folder}", "logproto.proto"]
        )
        assert status == 0
        sys.path.insert(0, folder)
        import logproto_pb2

        push = logproto_pb2.PushRequest.FromString(unsnap(sys.stdin.buffer.read()))
    unknown = push.SerializeToString(deterministic=True)
    assert logproto_pb2.PushRequest.FromString(unknown) == push
    streams = [
        {
            "labels": stream.labels,
            "entries": [
                {
                    "time": entry.timestamp.seconds * 10**9 + entry.timestamp.nanos,
                    "line": entry.line,
                    "metadata": {pair.name: pair.value for pair in entry.structuredMetadata},
                }
                for entry in stream.entries
            ],
        }
        for stream in push.streams
    ]
    json.dump(streams, sys.stdout)


main()
