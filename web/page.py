#!/usr/bin/env python3
"""Writes the files of the page beside the built modules: scripts/web calls it."""
import base64, hashlib, pathlib, shutil, sys

here = pathlib.Path(__file__).parent
out = pathlib.Path(sys.argv[1])
shared = here.parent / "src/commands/map/page"


def allowed(*names):
    """A script or a style of the page of a map, as a policy names it."""
    digest = hashlib.sha256(b"".join((shared / name).read_bytes() for name in names)).digest()
    return "'sha256-" + base64.b64encode(digest).decode() + "'"


def policy(connect):
    # The frame of the map has the policy of this page as well as its own.
    scripts = " ".join(allowed(name) for name in ["scatter.js", "map.js"])
    return "; ".join([
        "default-src 'none'",
        f"script-src 'self' 'wasm-unsafe-eval' {scripts}",
        "img-src 'self'",
        f"style-src 'self' {allowed('base.css', 'style.css')}",
        "worker-src blob:",
        f"connect-src {connect}",
        "base-uri 'none'",
        "form-action 'none'",
    ])


page = (here / "page/index.html").read_text()
# A page that may ask others is a page of its own, so that the usual one can't.
pages = {
    "index.html": ("'self'", "own"),
    "address.html": ("'self' https: http://localhost:* http://127.0.0.1:*", "any"),
}
for name, (connect, reach) in pages.items():
    text = page.replace("{{POLICY}}", policy(connect)).replace("{{REACH}}", reach)
    (out / name).write_text(text)
for file in ["app.js", "worker.js", "markdown.js", "app.css", "icon.svg"]:
    shutil.copy(here / "page" / file, out / file)
shutil.copy(shared / "base.css", out / "base.css")
