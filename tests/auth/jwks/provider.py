"""An identity provider: prints its set of keys, a token by each, and tokens that it did not sign."""

import json
import time

import django
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.conf import settings

RSA, P256 = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
P384, ED25519 = ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()
KEYS = {"RS256": RSA, "RS384": RSA, "RS512": RSA, "ES256": P256, "ES384": P384, "EdDSA": ED25519}


def pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def private_pem(key):
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none).decode()


now = int(time.time())
claims = {"token_type": "access", "exp": now + 300, "iat": now, "jti": "1", "user_id": "7"}
keys, tokens = [], {}
for algorithm, key in KEYS.items():
    public = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    keys.append({**public, "kid": algorithm.lower(), "use": "sig", "alg": algorithm})
    tokens[algorithm] = jwt.encode(claims, key, algorithm, headers={"kid": algorithm.lower()})

# SimpleJWT, which names no key
settings.configure(
    SECRET_KEY="not used",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    SIMPLE_JWT={"ALGORITHM": "RS256", "SIGNING_KEY": private_pem(RSA), "VERIFYING_KEY": pem(RSA)},
)
django.setup()
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

access = AccessToken()
access["user_id"] = "7"
tokens["SimpleJWT"] = str(access)

other = ec.generate_private_key(ec.SECP256R1())
forged = [
    jwt.encode(claims, other, "ES256", headers={"kid": "es256"}),
    jwt.encode(claims, RSA, "RS256", headers={"kid": "rs512"}),
    jwt.encode(claims, RSA, "PS256", headers={"kid": "rs256"}),
    jwt.encode(claims, keys[0]["n"], "HS256", headers={"kid": "rs256"}),
    jwt.encode(claims, None, "none", headers={"kid": "rs256"}),
]
print(json.dumps({"jwks": {"keys": keys}, "tokens": tokens, "forged": forged}))
