"""Authlib, unmodified, as a web app (Flask), as a script (requests) and as a service (httpx).

The suite drives it over two pipes: one JSON command a line comes in, one JSON answer a line goes out. Where a person
has to act, the answer is {"visit": URL}, and the next line in is where the browser ended up.
"""

import asyncio
import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the issuer under test is http on loopback

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, jsonify, session


def main():
    command = json.loads(sys.stdin.readline())
    forms = {
        "flask": flask_sign_in,
        "requests": requests_session,
        "httpx": httpx_session,
        "connector": connector_session,
    }
    print(json.dumps({"done": forms[command["as"]](command)}), flush=True)


def visit(url):
    print(json.dumps({"visit": url}), flush=True)
    return json.loads(sys.stdin.readline())


def flask_sign_in(command):
    """The framework integration: discovery, PKCE, state, nonce, iss and the ID token are checked by Authlib."""
    app = Flask(__name__)
    app.secret_key = generate_token()
    oauth = OAuth(app)
    oauth.register(
        "procura",
        client_id=command["client_id"],
        client_secret=command.get("client_secret"),
        server_metadata_url=f"{command['issuer']}/.well-known/openid-configuration",
        client_kwargs={
            "scope": command["scope"],
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": command["auth_method"],
        },
    )

    @app.get("/login")
    def login():
        return oauth.procura.authorize_redirect(command["redirect_uri"])

    @app.get("/callback")
    def callback():
        token = oauth.procura.authorize_access_token()
        session["id_token"] = token["id_token"]
        info = oauth.procura.userinfo(token=token)
        return jsonify(claims=token["userinfo"], userinfo=info, scope=token["scope"])

    browser = app.test_client()
    landed = visit(browser.get("/login").location)
    return browser.get("/callback?" + landed.split("?", 1)[1]).json


def requests_session(command):
    """OAuth2Session: code with PKCE, userinfo, refresh, reuse, introspection, revocation, client_credentials."""
    metadata = requests.get(f"{command['issuer']}/.well-known/openid-configuration", timeout=10).json()
    client = OAuth2Session(
        command["client_id"],
        command.get("client_secret"),
        token_endpoint_auth_method=command["auth_method"],
        revocation_endpoint_auth_method=command["auth_method"],
        scope=command["scope"],
        redirect_uri=command["redirect_uri"],
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    landed = visit(url)
    first = client.fetch_token(
        metadata["token_endpoint"], authorization_response=landed, code_verifier=verifier, state=state
    )
    result = {"userinfo": client.get(metadata["userinfo_endpoint"]).json()}

    second = client.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    result["rotated"] = first["refresh_token"] != second["refresh_token"]
    result["userinfo_after_refresh"] = client.get(metadata["userinfo_endpoint"]).json()
    if command.get("client_secret"):
        asked = client.introspect_token(metadata["introspection_endpoint"], token=second["access_token"])
        result["introspected"] = asked.json()
    revoked = client.revoke_token(
        metadata["revocation_endpoint"], token=second["refresh_token"], token_type_hint="refresh_token"
    )
    result["revoked"] = revoked.status_code
    result["after_revocation"] = client.get(metadata["userinfo_endpoint"]).status_code
    try:
        client.refresh_token(metadata["token_endpoint"], refresh_token=second["refresh_token"])
    except OAuthError as refusal:
        result["refresh_after_revocation"] = refusal.error
    if command.get("client_secret"):
        service = OAuth2Session(
            command["client_id"], command["client_secret"], token_endpoint_auth_method=command["auth_method"]
        )
        result["own"] = sorted(service.fetch_token(metadata["token_endpoint"], grant_type="client_credentials"))
    return result


def connector_session(command):
    """OAuth2Session: what the person allows at another app, exchanged for a token there (RFC 8693)."""
    endpoint = f"{command['issuer']}/api/oauth/token"
    client = OAuth2Session(
        command["client_id"],
        command.get("client_secret"),
        token_endpoint_auth_method=command["auth_method"],
        scope=command["scope"],
        redirect_uri=command["redirect_uri"],
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = client.create_authorization_url(
        f"{command['issuer']}/connect", code_verifier=verifier, resource=command["resource"]
    )
    landed = visit(url)
    tokens = dict(client.fetch_token(endpoint, authorization_response=landed, code_verifier=verifier, state=state))
    asked = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": tokens["access_token_jwt"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "resource": command["resource"],
    }
    result = {"exchanged": dict(client.fetch_token(endpoint, **asked))}
    try:
        client.fetch_token(endpoint, scope=command["more"], **asked)
    except OAuthError as refusal:
        result["too_much"] = refusal.error
    return result


def httpx_session(command):
    return asyncio.run(httpx_flow(command))


async def httpx_flow(command):
    """AsyncOAuth2Client: code with PKCE, then a token that renews itself when it is about to expire."""
    renewed = []

    async def remember(token, refresh_token=None, access_token=None):
        renewed.append(token["access_token"])

    async with AsyncOAuth2Client(
        command["client_id"],
        command.get("client_secret"),
        token_endpoint_auth_method=command["auth_method"],
        scope=command["scope"],
        redirect_uri=command["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint=f"{command['issuer']}/api/oauth/token",
        update_token=remember,
    ) as client:
        verifier = generate_token(48)
        url, state = client.create_authorization_url(f"{command['issuer']}/signin", code_verifier=verifier)
        landed = visit(url)
        first = dict(
            await client.fetch_token(
                f"{command['issuer']}/api/oauth/token",
                authorization_response=landed,
                code_verifier=verifier,
                state=state,
            )
        )
        client.token["expires_at"] = 1  # as after an hour
        info = (await client.get(f"{command['issuer']}/api/oauth/userinfo")).json()
        return {"userinfo": info, "renewed": len(renewed), "fresh": renewed[:1] != [first["access_token"]]}


main()
