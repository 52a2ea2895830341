"""Reads a repository that `autoupdate` published, with the reference client of The Update Framework.

It stands in for every client that is not ours: if it can read what we write, and refuses what it must refuse, our
canonical JSON, key ids, expiries and file names are what the specification means. Needs the package `tuf` from PyPI.

    python3 tests/interop/ngclient.py --base URL --root FILE --target PATH --out FILE [--state DIR]
                                      [--root-version N] [--root-threshold N] [--root-keys N]

It begins at the given root, walks to the newest one over HTTP, downloads the target and writes it to --out. Exit code 0:
done, and the newest root has the wanted version and threshold; 1: the client refused, its reason on standard error;
2: wrong usage; 3: it accepted, but the root is not the wanted one. URL is the app's folder, for example
http://127.0.0.1:8000/apps/tool.

The whole check, which makes its own repository and server, takes the path of the `autoupdate` program:

    python3 tests/interop/ngclient.py --whole target/debug/autoupdate
"""

import argparse
import functools
import hashlib
import http.server
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater, UpdaterConfig


def fetch(base, root, target, out, state, root_version=None, root_threshold=None, root_keys=None):
    """Refreshes and downloads; the exit code."""
    pathlib.Path(state, "targets").mkdir(parents=True, exist_ok=True)
    try:
        updater = Updater(
            metadata_dir=str(state),
            metadata_base_url=f"{base}/metadata/",
            target_dir=str(pathlib.Path(state, "targets")),
            target_base_url=f"{base}/targets/",
            config=UpdaterConfig(max_root_rotations=1024, prefix_targets_with_hash=True),
            bootstrap=pathlib.Path(root).read_bytes(),
        )
        updater.refresh()
        info = updater.get_targetinfo(target)
        if info is None:
            print(f"refused: {target} is not listed", file=sys.stderr)
            return 1
        updater.download_target(info, str(out))
    except (RepositoryError, DownloadError) as refusal:
        print(f"refused: {type(refusal).__name__}: {refusal}", file=sys.stderr)
        return 1
    newest = updater._trusted_set.root
    threshold, keys = newest.roles["root"].threshold, len(newest.roles["root"].keyids)
    print(f"root {newest.version}, {threshold} of {keys}, {target}: {info.length} bytes")
    wanted = [(root_version, newest.version), (root_threshold, threshold), (root_keys, keys)]
    return 0 if all(want in (None, found) for want, found in wanted) else 3


class Served:
    """A folder behind Python's own web server, the plainest static host there is."""

    def __init__(self, folder):
        quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
        handler = functools.partial(quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def ceremony(autoupdate, repo, folder):
    """Root 2: two of three, each holder signing a copy. Root 3: the same keys, signed by another two."""
    holders = [folder / f"{name}.pem" for name in ("anna", "ben", "cleo")]
    for holder in holders:
        autoupdate("keygen", holder, "--unencrypted")
    first = next(line[4:] for line in (repo / "keys/root.pem").read_text().splitlines() if line.startswith("id: "))
    adds = [word for holder in holders for word in ("--add", f"root={holder.with_suffix('.pub.pem')}")]
    for version, signers in ((2, [repo / "keys/root.pem", *holders[:2]]), (3, holders[1:])):
        draft = folder / f"root-{version}.json"
        changes = [*adds, "--remove", f"root={first}", "--threshold", "root=2"] if version == 2 else []
        autoupdate("root", "draft", repo, *changes, "--out", draft)
        copies = []
        for number, signer in enumerate(signers):
            copy = folder / f"root-{version}-{number}.json"
            shutil.copy(draft, copy)
            autoupdate("root", "sign", copy, "--key", signer)
            copies.append(copy)
        autoupdate("root", "assemble", repo, *copies)


def flip(path):
    """Changes one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def whole(program):
    """Makes a repository, publishes it to a folder, and reads it as it should and should not be."""

    def autoupdate(*words):
        subprocess.run([program, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    failures = 0

    def expect(what, code, wanted):
        nonlocal failures
        failures += code != wanted
        print(f"{'ok' if code == wanted else 'NOT OK'}: {what} (exit code {code}, wanted {wanted})")

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        repo, public = folder / "repo", folder / "public"
        release = folder / "tool"
        release.write_bytes(b"a release of a tool\n" * 5000)
        autoupdate("init", "--app", "tool", repo, "--unencrypted", "--static-host")
        autoupdate("add", repo, "--version", "1.0.0", "--platform", "linux-x86_64", release)
        autoupdate("publish", repo, public)
        root = folder / "root.json"
        shutil.copy(repo / "public/metadata/1.root.json", root)
        path, number = "releases/1.0.0/linux-x86_64/tool", iter(range(1000))
        objects = public / "apps/tool"

        with Served(public) as url:

            def client(target=path, state=None, **wanted):
                out = folder / f"out-{next(number)}"
                code = fetch(f"{url}/apps/tool", root, target, out, state or folder / f"state-{next(number)}", **wanted)
                assert code != 0 or out.read_bytes() == release.read_bytes(), "other bytes were accepted"
                return code

            old = folder / "old-client"
            expect("a client that begins at root 1", client(state=old, root_version=1, root_threshold=1), 0)
            ceremony(autoupdate, repo, folder)
            autoupdate("publish", repo, public)
            expect("a new client, from root 1 to the 2-of-3 root 3", client(root_version=3, root_threshold=2, root_keys=3), 0)
            expect("the old client, over both roots", client(state=old, root_version=3, root_threshold=2, root_keys=3), 0)
            expect("a release that is not listed", client("releases/9.9.9/linux-x86_64/tool"), 1)

            sha256 = hashlib.sha256(release.read_bytes()).hexdigest()
            changed = {
                "a changed release": objects / f"targets/releases/1.0.0/linux-x86_64/{sha256}.tool",
                "a changed root": objects / "metadata/3.root.json",
                "a changed timestamp": objects / "metadata/timestamp.json",
                "changed targets": max((objects / "metadata").glob("*.targets.json"), key=lambda file: int(file.name.split(".")[0])),
                "a changed snapshot": max((objects / "metadata").glob("*.snapshot.json"), key=lambda file: int(file.name.split(".")[0])),
            }
            for what, file in changed.items():
                honest = file.read_bytes()
                flip(file)
                expect(what, client(), 1)
                file.write_bytes(honest)
            expect("the honest repository again", client(), 0)

            (objects / "metadata/timestamp.json").unlink()
            expect("no timestamp", client(), 1)
    return 1 if failures else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--whole", metavar="PROGRAM", help="make a repository with this autoupdate, and check it all")
    arguments.add_argument("--base", help="URL of the app's objects")
    arguments.add_argument("--root", help="the pinned root")
    arguments.add_argument("--target", help="target path to download")
    arguments.add_argument("--out", help="where the download goes")
    arguments.add_argument("--state", help="the client's metadata; kept from run to run")
    arguments.add_argument("--root-version", type=int, help="the version that the newest root must have")
    arguments.add_argument("--root-threshold", type=int, help="how many keys must sign the newest root")
    arguments.add_argument("--root-keys", type=int, help="how many keys the newest root must have for itself")
    given = arguments.parse_args()
    if given.whole:
        return whole(given.whole)
    if not all((given.base, given.root, given.target, given.out)):
        arguments.error("--base, --root, --target and --out are needed, or --whole")
    with tempfile.TemporaryDirectory() as scratch:
        state = given.state or scratch
        wanted = (given.root_version, given.root_threshold, given.root_keys)
        return fetch(given.base.rstrip("/"), given.root, given.target, given.out, state, *wanted)


if __name__ == "__main__":
    sys.exit(main())
