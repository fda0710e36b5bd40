"""Small stand-ins for the large things this tool works on: text samples and fake servers."""

import sys
from pathlib import Path

import pytest

from local_runtime.project import CONFIG_FILE, Prepared

EVALS = "eval(func);eval(func);" + "eval(UTF8ToString(ptr));" * 3 + "eval(data);"

SAMPLE = (
    "async function _createPyodideModule(moduleArg={}){"
    + "new WebAssembly.Module(bytes);" * 4
    + "new WebAssembly.Instance(module,info);"
    + "WebAssembly.instantiate(binary,info);" * 2
    + "WebAssembly.instantiateStreaming(response,imports);"
    + "Date.now();" * 22
    + "view=>crypto.getRandomValues(view);"
    + EVALS
    + "function loadLibData(){if(handle){return 1}\nreturn readBinary(libFile)}function getExports(){}"
    + "var getMemory=size=>1;alignMemory(getMemory(metadata.memorySize+memAlign),memAlign);"
    + "}\nexport default _createPyodideModule;\n"
)

FAKE_SERVER = """#!{python}
import http.server, os, re, signal, sys
port = int(re.search(r"(?:--port |--socket-addr=http=127.0.0.1:)(\\d+)", " ".join(sys.argv))[1])
status = int(os.environ["FAKE_STATUS"])
print("\\x1b[31mfake\\x1b[0m", *sys.argv[1:], "traced", os.environ.get("X_LOCAL_OBSERVABILITY"), flush=True)
if status == 0:
    sys.exit(3)
if status == 1:
    signal.pause()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(status)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def asm_text() -> str:
    """A text with every patch site as often as the real one has it."""
    return SAMPLE


@pytest.fixture
def fake(tmp_path: Path) -> Prepared:
    """Programs that take the real ones' options, say them, and answer with FAKE_STATUS.

    With 0 they end at once, with 1 they never answer.
    """
    script = tmp_path / "fake.py"
    script.write_text(FAKE_SERVER.format(python=sys.executable))
    script.chmod(0o755)
    (tmp_path / CONFIG_FILE).write_text("{}")
    return Prepared(
        folder=tmp_path,
        wrangler=(sys.executable, str(script)),
        workerd=script,
        program=script,
        env={"FAKE_STATUS": "404"},
        module_sizes={},
    )
