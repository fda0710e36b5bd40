"""Small stand-ins for the large things this tool works on: text samples and a fake wrangler."""

import sys
from pathlib import Path

import pytest

from local_runtime.project import Prepared

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

FAKE_WRANGLER = """
import http.server, os, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
status = int(os.environ["FAKE_STATUS"])
print("\\x1b[31mfake wrangler\\x1b[0m", os.environ["X_LOCAL_OBSERVABILITY"], flush=True)
if status == 0:
    sys.exit(3)
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
def fake_wrangler(tmp_path: Path) -> Prepared:
    """A program that takes wrangler's options and answers with the status of FAKE_STATUS."""
    script = tmp_path / "wrangler.py"
    script.write_text(FAKE_WRANGLER)
    return Prepared(
        folder=tmp_path,
        wrangler=(sys.executable, str(script)),
        env={"FAKE_STATUS": "404"},
        module_sizes={},
    )
