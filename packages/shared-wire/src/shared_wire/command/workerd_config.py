"""The configuration of a plain workerd that starts a project as a deploy does, with a service that asks its objects."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from shared_wire.checks.settings import Settings

__all__ = ["ASKING", "WORKER", "write_config"]

#: The sockets: of the Worker, and of the service that asks its objects.
WORKER: Final = "worker"
ASKING: Final = "asking"

_TEMPLATE: Final = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "asking", worker = .asking),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [
    (name = "worker", address = "127.0.0.1:0", http = (), service = "worker"),
    (name = "asking", address = "127.0.0.1:0", http = (), service = "asking"),
  ],
);

const worker :Workerd.Worker = (
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  durableObjectStorage = (localDisk = "storage"),
  durableObjectNamespaces = [{namespaces}],
  bindings = [{bindings}],
  modules = [{modules}],
);

const asking :Workerd.Worker = (
  compatibilityDate = {date},
  bindings = [{asked}],
  modules = [(name = "asking.js", esModule = {program})],
);
"""

#: Has each object construct itself and answer; what an object throws is its answer.
_PROGRAM: Final = """\
const objects = %s;
export default {
  async fetch(request, env) {
    const answers = {};
    for (const [binding, name] of objects) {
      try {
        const answer = await env[binding].getByName(name).fetch("http://check/");
        answers[binding] = String(answer.status);
      } catch (error) {
        answers[binding] = String(error.stack ?? error);
      }
    }
    return Response.json(answers);
  },
};
"""


def write_config(
    settings: Settings,
    sources: Iterable[str],
    vendored: Iterable[str],
    asked: Sequence[tuple[str, str]],
    flags: Sequence[str] = (),
) -> str:
    """Write it for a folder with these files; all paths are relative to it, those of ``vendored`` to its `python_modules`.

    ``asked`` are the objects that are asked, by binding and name; ``flags`` are compatibility flags besides those of the project.
    """
    objects = [one for one in settings.objects if not one.get("script_name")]
    bound = {str(one["name"]): str(one["class_name"]) for one in objects}
    return _TEMPLATE.format(
        date=_text(settings.date),
        flags=", ".join(map(_text, [*settings.flags, *flags])),
        namespaces=_list(_namespace(name) for name in sorted(set(bound.values()))),
        bindings=_list([*map(_binding, bound, bound.values()), *_variables(settings.value.get("vars"))]),
        modules=_list([*_sources(str(settings.main), sources), *_vendored(vendored)]),
        asked=_list(_binding(name, bound[name], elsewhere=True) for name, _ in asked),
        program=_text(_PROGRAM % json.dumps([list(one) for one in asked])),
    )


def _namespace(name: str) -> str:
    return f"className = {_text(name)}, uniqueKey = {_text(name)}, enableSql = true"


def _binding(name: str, class_name: str, *, elsewhere: bool = False) -> str:
    target = _text(class_name)
    where = f'(className = {target}, serviceName = "worker")' if elsewhere else target
    return f"name = {_text(name)}, durableObjectNamespace = {where}"


def _variables(variables: Any) -> Iterator[str]:
    for name, value in variables.items() if isinstance(variables, Mapping) else ():
        kind, content = ("text", value) if isinstance(value, str) else ("json", json.dumps(value))
        yield f"name = {_text(name)}, {kind} = {_text(content)}"


def _sources(main: str, files: Iterable[str]) -> Iterator[str]:
    """The entry module first, then those beside it and below it, named as it imports them."""
    folder = PurePosixPath(main).parent
    beside = sorted(file for file in files if file != main and PurePosixPath(file).is_relative_to(folder))
    for file in (main, *beside):
        yield f"name = {_text(PurePosixPath(file).relative_to(folder))}, pythonModule = embed {_text(file)}"


def _vendored(files: Iterable[str]) -> Iterator[str]:
    """The packages; the SDK's JavaScript is code, everything else is read as it is."""
    for name in sorted(files):
        path = PurePosixPath("python_modules", name)
        kind = "esModule" if path.match("python_modules/workers/*.js") else "data"
        yield f"name = {_text(path)}, {kind} = embed {_text(path)}"


def _list(entries: Iterable[str]) -> str:
    return "".join(f"\n    ({entry})," for entry in entries)


def _text(value: object) -> str:
    """A Cap'n Proto text literal; it is written as JSON's are."""
    return json.dumps(str(value), ensure_ascii=False)
