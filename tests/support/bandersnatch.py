# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bandersnatch itself, in the environment of its own that tests/requirements/bandersnatch.txt pins.

>>> with BandersnatchMirror(upstream.url) as mirror:
...     mirror.url
"""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from tests.lab.process import LOOPBACK
from tests.support.mirror_servers import MirrorServer, nginx_command

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0


@functools.cache
def bandersnatch_environment() -> Path:
    """The virtual environment, made where it is not there yet."""
    environment = ROOT / "build/venvs/bandersnatch"
    requirements = ROOT / "tests/requirements/bandersnatch.txt"
    subprocess.run([ROOT / "tests/tools/venv.sh", environment, "3.13", requirements], check=True, cwd=ROOT)
    return environment


class BandersnatchMirror(MirrorServer):
    """What bandersnatch mirrors with its defaults, behind nginx as its sample configuration has it.

    A map of regular expressions over the Accept header, in any case and in this order, chooses the suffix that is tried
    first; then the path itself and the directory are, whose listing is on. JSON below /json/ and /pypi/ is called JSON.
    """

    title = "bandersnatch"

    def __init__(self, upstream: str) -> None:
        super().__init__({}, upstream)

    def configure(self) -> list[str]:
        self.directory.chmod(0o755)
        self.synchronize()
        return nginx_command(
            self.directory,
            f"""
                default_type application/octet-stream;
                map $http_accept $suffix {{
                    default .html;
                    "~*application/vnd\\.pypi\\.simple\\.v1\\+json" .v1_json;
                    "~*application/vnd\\.pypi\\.simple\\.v1\\+html" .v1_html;
                    "~*text/html" .html;
                }}
                server {{
                    listen {LOOPBACK}:{self.ports[0]};
                    root {self.directory}/pypi/web;
                    autoindex on;
                    charset utf-8;
                    location /simple/ {{
                        index index$suffix;
                        types {{
                            application/vnd.pypi.simple.v1+json v1_json;
                            application/vnd.pypi.simple.v1+html v1_html;
                            text/html html;
                        }}
                        try_files $uri$suffix $uri $uri/ =404;
                    }}
                    location /json/ {{ default_type application/json; }}
                    location /pypi/ {{ default_type application/json; }}
                    error_page 404 /404.html;
                    error_page 500 502 503 504 /50x.html;
                }}
            """,
        )

    def synchronize(self) -> None:
        """One run of bandersnatch."""
        configuration = self.directory / "bandersnatch.conf"
        master = self.upstream.removesuffix("/simple/")
        configuration.write_text(
            f"[mirror]\ndirectory = {self.directory}/pypi\nmaster = {master}\nallow-non-https = true\n"
        )
        program = bandersnatch_environment() / "bin" / "bandersnatch"
        command = [program, "-c", configuration, "mirror"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
