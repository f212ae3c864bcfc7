"""Code to copy for an operation: PocketBase's SDKs for JavaScript and Dart, httpx for Python, and curl."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from piccobase.extending import SUPERUSERS_ID, Actor, CollectionInfo, Registry
from piccobase_admin.api_pages.literals import DART, JAVASCRIPT, ME, PYTHON, Me, shell_json, write
from piccobase_admin.api_pages.operations import Operation
from piccobase_admin.api_pages.samples import EMAIL, PASSWORD

_OPTIONS = {"sort", "filter", "fields", "expand"}


@dataclass(frozen=True, slots=True)
class Snippet:
    """One language's code."""

    key: str
    label: str
    code: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in before the request is made: a record of `collection` by `identity` and a password."""

    collection: str
    identity: str


def sign_in_for(operation: Operation, collection: CollectionInfo, registry: Registry, actor: Actor) -> SignIn | None:
    """Who has to sign in for it, as far as the rule tells; None where guests may ask."""
    if operation.key in ("auth-with-password", "auth-methods"):
        return None
    superuser = SignIn("_superusers", str(actor.values["email"]))
    if operation.key == "auth-refresh":
        return _as_record_of(collection) or superuser
    rule = collection.rules.get(operation.verb) if operation.verb else None
    if rule is None:
        return superuser
    if "@request.auth." not in rule and "@request.roles" not in rule:
        return None
    candidates = [one for one in registry.collections.values() if _as_record_of(one) and one.id != SUPERUSERS_ID]
    named = [one for one in candidates if f"'{one.name}'" in rule]
    chosen = next(iter([*named, *candidates]), None)
    return (_as_record_of(chosen) if chosen else None) or superuser


def _as_record_of(collection: CollectionInfo) -> SignIn | None:
    if collection.auth is None or not collection.auth.password:
        return None
    return SignIn(collection.name, EMAIL if "email" in collection.auth.identity else "USERNAME")


@dataclass(frozen=True, slots=True)
class Example:
    """One request to write code for. `body` is what is sent, with ME where the sender's own id belongs."""

    operation: Operation
    base_url: str
    sign_in: SignIn | None
    body: Mapping[str, Any] | None


def snippets_of(example: Example) -> list[Snippet]:
    """The request in every language."""
    return [
        Snippet("javascript", "JavaScript", _javascript(example)),
        Snippet("dart", "Dart", _dart(example)),
        Snippet("python", "Python", _python(example)),
        Snippet("curl", "curl", _curl(example)),
    ]


def body_of(operation: Operation, collection: CollectionInfo, sign_in: SignIn | None) -> dict[str, Any] | None:
    """The sample body, with ME in the relations that the rule wants to point to whoever asks."""
    if operation.body is None:
        return None
    body = dict(operation.body)
    rule = (collection.rules.get(operation.verb) or "") if operation.verb else ""
    for name in body:
        one = collection.by_name.get(name)
        asker = one and sign_in and one.target == sign_in.collection and not one.multiple
        if asker and f"{name} = @request.auth.id" in rule:
            body[name] = ME
    return body


# PocketBase's SDKs


def _javascript(example: Example) -> str:
    operation, sign_in = example.operation, example.sign_in
    text = JAVASCRIPT.text
    lines = ['import PocketBase from "pocketbase";', "", f"const pb = new PocketBase({text(example.base_url)});"]
    if sign_in:
        place = f"pb.collection({text(sign_in.collection)})"
        lines.append(f"await {place}.authWithPassword({text(sign_in.identity)}, {text(PASSWORD)});")
    return "\n".join([*lines, "", *_javascript_call(operation, example.body)]) + "\n"


def _javascript_call(operation: Operation, body: Mapping[str, Any] | None) -> list[str]:
    place = f"pb.collection({JAVASCRIPT.text(_collection_of(operation))})"
    record_id, sent = write(operation.record_id, JAVASCRIPT), write(body, JAVASCRIPT)
    match operation.key:
        case "list":
            options = write(dict(operation.query), JAVASCRIPT)
            return [f"const page = await {place}.getList(1, 30, {options});", "console.log(page.items);"]
        case "view":
            return [f"const record = await {place}.getOne({record_id});", "console.log(record);"]
        case "create":
            return [f"const record = await {place}.create({sent});", "console.log(record.id);"]
        case "update":
            return [f"const record = await {place}.update({record_id}, {sent});", "console.log(record);"]
        case "delete":
            return [f"await {place}.delete({record_id});"]
        case "auth-with-password":
            assert body is not None
            identity, password = (JAVASCRIPT.text(body[name]) for name in ("identity", "password"))
            return [
                f"const signedIn = await {place}.authWithPassword({identity}, {password});",
                "console.log(signedIn.record.id, pb.authStore.token);",
            ]
        case "auth-refresh":
            return [f"const signedIn = await {place}.authRefresh();", "console.log(signedIn.record.id);"]
        case "auth-methods":
            return [f"const methods = await {place}.listAuthMethods();", "console.log(methods.password);"]
    options = f"{{ method: {JAVASCRIPT.text(operation.method)}{f', body: {sent}' if body is not None else ''} }}"
    path = JAVASCRIPT.text(operation.path_of(str(operation.record_id)))
    return [f"const answer = await pb.send({path}, {options});", "console.log(answer.effective);"]


def _dart(example: Example) -> str:
    operation, sign_in = example.operation, example.sign_in
    text = DART.text
    lines = [f"final pb = PocketBase({text(example.base_url)});"]
    if sign_in:
        place = f"pb.collection({text(sign_in.collection)})"
        lines.append(f"await {place}.authWithPassword({text(sign_in.identity)}, {text(PASSWORD)});")
    lines += ["", *_dart_call(operation, example.body)]
    inner = "\n".join(f"  {line}" if line else "" for line in "\n".join(lines).split("\n"))
    return f"import 'package:pocketbase/pocketbase.dart';\n\nFuture<void> main() async {{\n{inner}\n}}\n"


def _dart_call(operation: Operation, body: Mapping[str, Any] | None) -> list[str]:
    place = f"pb.collection({DART.text(_collection_of(operation))})"
    record_id, sent = write(operation.record_id, DART), write(body, DART)
    match operation.key:
        case "list":
            named = "".join(
                f", {name}: {DART.text(value)}" for name, value in operation.query.items() if name in _OPTIONS
            )
            return [f"final page = await {place}.getList(page: 1, perPage: 30{named});", "print(page.items);"]
        case "view":
            return [f"final record = await {place}.getOne({record_id});", "print(record);"]
        case "create":
            return [f"final record = await {place}.create(body: {sent});", "print(record.id);"]
        case "update":
            return [f"final record = await {place}.update({record_id}, body: {sent});", "print(record);"]
        case "delete":
            return [f"await {place}.delete({record_id});"]
        case "auth-with-password":
            assert body is not None
            identity, password = (DART.text(body[name]) for name in ("identity", "password"))
            return [
                f"final signedIn = await {place}.authWithPassword({identity}, {password});",
                "print(signedIn.record.id);",
                "print(pb.authStore.token);",
            ]
        case "auth-refresh":
            return [f"final signedIn = await {place}.authRefresh();", "print(signedIn.record.id);"]
        case "auth-methods":
            return [f"final methods = await {place}.listAuthMethods();", "print(methods.password);"]
    path = DART.text(operation.path_of(str(operation.record_id)))
    named = f", method: {DART.text(operation.method)}" + (f", body: {sent}" if body is not None else "")
    return [f"final answer = await pb.send<Map<String, dynamic>>({path}{named});", "print(answer['effective']);"]


# Plain HTTP


def _python(example: Example) -> str:
    operation, sign_in, body = example.operation, example.sign_in, example.body
    lines = ["import httpx", "", f"api = httpx.Client(base_url={PYTHON.text(example.base_url)})"]
    if sign_in:
        lines += [
            "signed_in = api.post(",
            f"    {PYTHON.text(f'/api/collections/{sign_in.collection}/auth-with-password')},",
            f"    json={write({'identity': sign_in.identity, 'password': PASSWORD}, PYTHON, 4)},",
            ").raise_for_status().json()",
            'api.headers["Authorization"] = signed_in["token"]',
        ]
    arguments = [_python_path(operation)]
    if operation.query:
        arguments.append(f"params={write(dict(operation.query), PYTHON, 4)}")
    if body is not None:
        arguments.append(f"json={write(body, PYTHON, 4)}")
    call = f"api.{operation.method.lower()}"
    line = f"answer = {call}({', '.join(arguments)})"
    if len(line) > 88 or "\n" in line:
        line = "\n".join([f"answer = {call}(", *(f"    {argument}," for argument in arguments), ")"])
    lines += ["", line, "answer.raise_for_status()"]
    if operation.answer is not None:
        lines.append("print(answer.json())")
    return "\n".join(lines) + "\n"


def _python_path(operation: Operation) -> str:
    if isinstance(operation.record_id, Me):
        return f'"{operation.path_of("")}" + {PYTHON.me}'
    return PYTHON.text(operation.path_of(operation.record_id))


def _curl(example: Example) -> str:
    operation, sign_in, body = example.operation, example.sign_in, example.body
    own = isinstance(operation.record_id, Me)
    path = operation.path_of("$ID" if own else str(operation.record_id))
    url = f'"{example.base_url}{path}"' if own else shlex.quote(example.base_url + path)
    parts = ["curl"]
    if operation.method != "GET":
        parts.append(f"-X {operation.method}")
    parts.append(url)
    first = " ".join(parts)
    rest = [f"-H 'Content-Type: application/json' -d {shell_json(body)}"] if body is not None else []
    if sign_in:
        rest.insert(0, '-H "Authorization: $TOKEN"')
    if operation.query:
        rest.append("-G " + " ".join(f"--data-urlencode {shlex.quote(f'{k}={v}')}" for k, v in operation.query.items()))
    lines = []
    if sign_in:
        needs_id = own or (body is not None and ME in body.values())
        what = "token and record.id" if needs_id else "token"
        names = "TOKEN and ID are" if needs_id else "TOKEN is"
        lines.append(f"# {names} what auth-with-password of {sign_in.collection} answers as {what}")
    return "\n".join([*lines, " \\\n  ".join([first, *rest])]) + "\n"


def _collection_of(operation: Operation) -> str:
    return operation.path.split("/")[3]
