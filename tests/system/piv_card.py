#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A smart card without the plastic: a PIV card (NIST SP 800-73-4, part 2) with one certificate for
signing in and its RSA key, in a virtual reader.

    tests/system/piv_card.py CERTIFICATE.der KEY.pem PIN

It connects to vpcd, the driver of pcscd that takes its cards from a socket (package vsmartcard-vpcd): from there on everything is real,
pcscd, polkit, OpenSC. It can what reading the certificate and signing with the key takes, and counts wrong PINs.
"""
import socket
import struct
import subprocess
import sys
import tempfile

VPCD = ("127.0.0.1", 35963)
POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4
ATR = bytes.fromhex("3b80800101")
APPLICATION = bytes.fromhex("a00000030800001000")
TRIES = 3
CHUID, CERTIFICATE = "5fc102", "5fc105"
GET_RESPONSE = 0xC0
OK, NOT_FOUND, NOT_SUPPORTED, PIN_WANTED, BLOCKED = 0x9000, 0x6A82, 0x6D00, 0x6982, 0x6983


def tlv(tag, value):
    length = bytes([len(value)]) if len(value) < 0x80 else b"\x82" + struct.pack(">H", len(value))
    return bytes.fromhex(tag) + length + value


def read_tlv(data):
    """tag → value, of one level with tags of one octet."""
    found, at = {}, 0
    while at + 1 < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length > 0x80:
            size = length - 0x80
            length, at = int.from_bytes(data[at:at + size], "big"), at + size
        found[tag], at = data[at:at + length], at + length
    return found


class Card:
    def __init__(self, certificate, key, pin):
        self.key = key
        self.pin = pin.encode("ascii").ljust(8, b"\xff")
        self.tries = TRIES
        self.objects = {
            CERTIFICATE: tlv("70", certificate) + tlv("71", b"\x00") + tlv("fe", b""),
            CHUID: tlv("30", bytes(25)) + tlv("34", bytes(range(16))) + tlv("35", b"20991231") + tlv("3e", b"") + tlv("fe", b""),
        }
        self.power_on()

    def power_on(self):
        self.verified = False
        self.coming = b""  # of a command in several parts
        self.left = b""  # of an answer in several parts

    def answer(self, apdu):
        """A short command's answer with its status word; one that is longer than what was asked for comes in parts (ISO/IEC 7816-4)."""
        chained, instruction, p1, p2 = apdu[0] & 0x10, *apdu[1:4]
        length = apdu[4] if len(apdu) > 5 else 0
        data, expected = apdu[5:5 + length], apdu[-1] if len(apdu) == 5 or len(apdu) == 6 + length else 0
        if instruction == GET_RESPONSE:
            return self.next_part(expected)
        self.coming += data
        if chained:
            return struct.pack(">H", OK)
        data, self.coming = self.coming, b""
        command = {0xA4: self.select, 0xCB: self.get_data, 0x20: self.verify, 0x87: self.authenticate}.get(instruction)
        self.left, status = command(p1, p2, data) if command else (b"", NOT_SUPPORTED)
        return self.next_part(expected) if status == OK else struct.pack(">H", status)

    def next_part(self, expected):
        part, self.left = self.left[:expected or 256], self.left[expected or 256:]
        more = 0 if len(self.left) > 255 else len(self.left)  # 0 is 256 or more
        return part + struct.pack(">H", 0x6100 | more if self.left else OK)

    def select(self, _p1, _p2, name):
        if not name or not (APPLICATION.startswith(name) or name.startswith(APPLICATION)):
            return b"", NOT_FOUND
        return tlv("61", tlv("4f", bytes.fromhex("000010000100")) + tlv("79", tlv("4f", APPLICATION[:5]))), OK

    def get_data(self, _p1, _p2, data):
        found = self.objects.get(read_tlv(data).get(0x5C, b"").hex())
        return (tlv("53", found), OK) if found else (b"", NOT_FOUND)

    def verify(self, _p1, _p2, pin):
        if pin and self.tries:
            self.verified = pin == self.pin
            self.tries = TRIES if self.verified else self.tries - 1
        if self.verified:
            return b"", OK
        return b"", 0x63C0 | self.tries if self.tries else BLOCKED

    def authenticate(self, _algorithm, _key, data):
        challenge = read_tlv(read_tlv(data).get(0x7C, b"")).get(0x81)
        if not self.verified:
            return b"", PIN_WANTED
        return tlv("7c", tlv("82", self.sign(challenge))), OK

    def sign(self, block):
        """The bare operation of the key: the host has padded the block, which is what "decrypt" without padding does."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(block)
            file.flush()
            return subprocess.run(["openssl", "pkeyutl", "-decrypt", "-inkey", self.key, "-in", file.name, "-pkeyopt", "rsa_padding_mode:none"],
                                  capture_output=True, check=True).stdout


def receive(reader, count):
    data = b""
    while len(data) < count:
        part = reader.recv(count - len(data))
        if not part:
            sys.exit(0)  # the reader is gone
        data += part
    return data


def serve(reader, card):
    while True:
        message = receive(reader, *struct.unpack(">H", receive(reader, 2)))
        if message in (bytes([POWER_ON]), bytes([RESET])):
            card.power_on()
        elif message == bytes([GET_ATR]):
            reader.sendall(struct.pack(">H", len(ATR)) + ATR)
        elif len(message) >= 4:
            answer = card.answer(message)
            reader.sendall(struct.pack(">H", len(answer)) + answer)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        card = Card(file.read(), sys.argv[2], sys.argv[3])
    with socket.create_connection(VPCD) as reader:
        print("inserted", flush=True)
        serve(reader, card)


if __name__ == "__main__":
    main()
