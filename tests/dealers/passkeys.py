"""A passkey in software: what a phone or a key on the keyring answers to the pages."""

from __future__ import annotations

import json
import secrets
import struct
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED, CREDENTIAL = 0x01, 0x04, 0x40
HOST = "testserver"


class Passkey:
    def __init__(self, *, verified: bool = True) -> None:
        """`verified`: it knows its owner by a PIN or a finger."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.user = ""
        self.flags = PRESENT | (VERIFIED if verified else 0)

    def created(self, options: Any) -> str:
        """The answer to a page's creation options."""
        public = options["publicKey"]
        self.user = public["user"]["id"]
        mine = AttestedCredentialData.create(b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key()))
        data = self.data(CREDENTIAL, bytes(mine))
        attestation = AttestationObject.create("none", AuthenticatorData(data), {})
        client = self.client("webauthn.create", public["challenge"])
        response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(bytes(attestation))}
        return self.answer(response, {"credProps": {"rk": True}})

    def shown(self, options: Any, host: str = HOST) -> str:
        """The answer to a page's request options."""
        client = self.client("webauthn.get", options["publicKey"]["challenge"])
        data = self.data(host=host)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": self.user,
        }
        return self.answer(response, {})

    def data(self, more_flags: int = 0, more: bytes = b"", host: str = HOST) -> bytes:
        return sha256(host.encode()).digest() + struct.pack(">BI", self.flags | more_flags, 0) + more

    def client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": f"https://{HOST}"}).encode()

    def answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        mine = websafe_encode(self.id)
        return json.dumps(
            {
                "id": mine,
                "rawId": mine,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": extensions,
            }
        )
