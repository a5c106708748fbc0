#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mirror_audit
short_description: Audit a mirror of a Python package index against the Simple API and its upstream
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Asks a mirror what each kind of client asks, old pip and current ones, and says what would happen to them; installs
    that fail, other versions than from the upstream, nothing that is verified, or only more time. Judged by the rules
    C(mirror.*), and the certificates that the mirror serves by C(certificate.*).
  - With O(upstream_url) every page is compared with the upstream's, so that a mirror that lacks C(requires-python), has
    lost a C(yanked) mark or is weeks behind is told of. Without it, what can only be told by comparing is C(unknown).
  - It only reads. Nothing is contacted but the mirror, the upstream and the hosts of O(mirror_hosts); a redirect or a
    link to any other host is a finding, and not followed.
  - What cannot be read is C(unknown) with the reason, never C(pass) and never left out.
requirements:
  - cryptography >= 36.0
  - packaging >= 23.2
  - urllib3 >= 2.2.0
  - Python 3.11, for lock files in TOML
options:
  mirror_url:
    description:
      - The address of the mirror as clients have it in C(index-url), such as V(https://mirror.example.com/simple/).
        There is no default.
    type: str
  mirror_hosts:
    description:
      - Other hosts that belong to the mirror, such as one that serves its files, as V(files.example.com) or
        V(files.example.com:8443). Any host that is not named here is a dependency that an outage may take away.
    type: list
    elements: str
    default: []
  mirror_addresses:
    description:
      - Whether the mirror is asked at V(any) address that its name has, or at V(all) of them apart, and compared. Nodes
        behind a load balancer often disagree.
    type: str
    choices: [any, all]
    default: any
  upstream_url:
    description:
      - The address of the index that the mirror is a copy of, to compare with. There is no default.
    type: str
  projects:
    description:
      - Names of projects to look at. A version after the name is allowed, and makes no difference.
    type: list
    elements: str
    default: []
  requirements:
    description:
      - Requirements such as V(django>=4), whose projects are looked at, and which are resolved for each of O(pythons).
    type: list
    elements: str
    default: []
  requirements_paths:
    description:
      - Files on the managed host whose projects are to be looked at, by their names requirements or constraints files
        (with all that they include), C(pylock.toml), C(uv.lock), C(poetry.lock) or C(Pipfile.lock).
    type: list
    elements: path
    default: []
  pythons:
    description:
      - Versions of CPython, such as V("3.12"), for which every requirement is resolved, here and upstream, as pip of
        today, pip of 2019 and uv do. Without any, nothing is resolved. Write them in quotes.
    type: list
    elements: str
    default: []
  platforms:
    description:
      - The platforms to resolve for, such as V(manylinux_2_28_x86_64), V(musllinux_1_2_aarch64),
        V(macosx_14_0_arm64) or V(win_amd64).
    type: list
    elements: str
    default: [manylinux_2_28_x86_64]
  sample:
    description:
      - How many projects to draw at random from the root page, of the upstream if there is one. The result says how
        many projects of all may be bad at most, at a confidence of 95 percent.
    type: int
    default: 0
  sample_seed:
    description:
      - What the random numbers start from. The same seed draws the same projects and files from the same index.
    type: int
    default: 0
  file_sample:
    description:
      - How many of the files that the pages list are asked for, by C(HEAD), in part and as a whole, whose hash is
        compared. With O(pythons) first those that clients would take for the requirements, the others at random.
    type: int
    default: 20
  max_page_bytes:
    description:
      - A project's page that is larger is not read and is C(unknown), in bytes after decompression.
    type: int
    default: 67108864
  max_file_bytes:
    description:
      - A sampled file that is larger is not fetched as a whole, in bytes.
    type: int
    default: 8388608
  cache_path:
    description:
      - A file on the managed host in which pages are kept, so that the next run only asks whether they have changed. It
        holds no secret beyond what the index serves, and only its owner can read it.
    type: path
  username:
    description:
      - The user to log in to the mirror as.
    type: str
  password:
    description:
      - The user's password.
    type: str
  token:
    description:
      - A token for the mirror, sent as C(Bearer), in place of O(username).
    type: str
  upstream_username:
    description:
      - The user to log in to the upstream as.
    type: str
  upstream_password:
    description:
      - The user's password.
    type: str
  upstream_token:
    description:
      - A token for the upstream, in place of O(upstream_username).
    type: str
  netrc_path:
    description:
      - The file to take a login from where none is given. Without it, the one that E(NETRC) names, or C(~/.netrc).
    type: path
  ca_path:
    description:
      - A file or a hashed directory of the CA certificates that vouch for the servers. Otherwise those of the system.
        With it, the mirror's chain and host name are judged as well.
    type: path
  validate_certs:
    description:
      - Whether the servers' certificates are verified before anything is asked. The rules C(certificate.*) judge the
        mirror's in any case.
    type: bool
    default: true
  client_certificate:
    description:
      - A PEM file with the client certificate to present.
    type: path
  client_key:
    description:
      - A PEM file with the unencrypted key of the client certificate, if it is not in the same file.
    type: path
  proxies:
    description:
      - The URL of a proxy, or a dictionary of such URLs by the scheme of the address (V(http), V(https)). The
        certificates that a mirror serves are not read by way of a proxy.
      - Without the option, the usual E(HTTPS_PROXY), E(HTTP_PROXY) and E(NO_PROXY).
    type: raw
  timeout:
    description:
      - Seconds for each request, with all its redirects and retries.
    type: float
    default: 15
  retries:
    description:
      - How often a request is repeated that met no answer, or a status 429, 502, 503 or 504. A C(Retry-After) is
        honoured within O(timeout).
    type: int
    default: 2
  max_connections:
    description:
      - How many requests are under way at once; at most 10.
    type: int
    default: 10
  max_mirror_lag:
    description:
      - Time after its upload that a file may still be missing from the mirror.
    type: str
    default: 1d
  max_mirror_age:
    description:
      - Time since the mirror last changed, by the C(Last-Modified) of its root page, from which on it counts as stuck.
    type: str
    default: 2d
  max_page_age:
    description:
      - How long clients may keep a project's page without asking, by its C(Cache-Control).
    type: str
    default: 10m
  max_lifespan_used:
    description:
      - Percent of a certificate's lifespan after which it should have been renewed.
    type: float
    default: 75.0
  rotator_windows:
    description:
      - As in M(sre.preflight.certificate_audit).
    type: dict
  max_crl_lifespan_used:
    description:
      - As in M(sre.preflight.certificate_audit).
    type: float
    default: 95.0
extends_documentation_fragment:
  - sre.preflight.contract
  - sre.preflight.attributes
  - sre.preflight.attributes.audit
seealso:
  - module: sre.preflight.certificate_audit
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Is our fallback ready for what we deploy?
  sre.preflight.mirror_audit:
    mirror_url: https://mirror.example.com/simple/
    upstream_url: https://index.example.org/simple/
    requirements_paths:
      - /srv/app/requirements.txt
      - /srv/app/uv.lock
    pythons: ["3.9", "3.13"]
    cache_path: /var/tmp/preflight-pages.sqlite
  register: audit

- name: A full mirror behind a load balancer, by a random sample, each of its nodes apart
  sre.preflight.mirror_audit:
    mirror_url: https://mirror.example.com/simple/
    mirror_hosts:
      - files.example.com
    mirror_addresses: all
    upstream_url: https://index.example.org/simple/
    sample: 300
    token: "{{ mirror_token }}"
    ca_path: /etc/ssl/certs/ca-certificates.crt
"""

RETURN = r"""
findings:
  description:
    - What does not pass, ordered by severity and time to outage; with O(include_passes=true) what passes as well.
    - One finding for each rule and mirror, whose evidence names the pages or files that it objects to.
  returned: unless O(bundle=true)
  type: list
  elements: dict
certificates:
  description: The mirror's certificates, as rows of the inventory (see M(sre.preflight.certificate_audit)).
  returned: unless O(bundle=true)
  type: list
  elements: dict
coverage:
  description:
    - What was expected against what was evaluated, for targets (the servers, and every project at every address of the
      mirror) and, for each rule, its verdicts by status.
  returned: unless O(bundle=true)
  type: dict
summary:
  description: Verdicts by status, failed findings by severity, and the next outage.
  returned: always
  type: dict
mirrors:
  description: What was seen of the mirror, at each address that was asked apart.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  contains:
    url:
      description: The address of the mirror.
      type: str
    address:
      description: The IP address that was asked, or C(null).
      type: str
    projects:
      description: How many projects were asked for.
      type: int
    projects_read:
      description: How many of them gave a page that clients can read.
      type: int
    projects_listed:
      description: How many the root page names; C(null) where it could not be read.
      type: int
    serial:
      description: The serial of the root page, if it has one.
      type: int
    last_modified:
      description: The header C(Last-Modified) of the root page, if it has one.
      type: str
    formats:
      description: The formats that were served, V(html) and V(json).
      type: list
      elements: str
    api_versions:
      description: The versions of the API that the pages declare.
      type: list
      elements: str
    files:
      description: How many files the pages list.
      type: int
    projects_named:
      description: The projects that somebody named, by themselves or in a requirement; without those that were drawn.
      type: list
      elements: str
resolutions:
  description:
    - With O(pythons), what clients would install for each requirement, Python and platform, from the upstream and from
      the mirror.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  contains:
    requirement:
      description: The requirement as it was written.
      type: str
    python:
      description: The version of Python.
      type: str
    platform:
      description: The platform.
      type: str
    address:
      description: The IP address of the mirror that was asked, or C(null).
      type: str
    outcome:
      description:
        - The worst among the clients, V(same), V(dearer) (the same version, after more attempts),
          V(builds_from_source), V(fails) or V(wrong_version); V(unknown) where a page could not be read, and
          V(not_applicable) where a marker excludes it.
      type: str
    upstream_file:
      description: The file that C(client) takes from the upstream, C(null) for none.
      type: str
    mirror_file:
      description: The file that it takes from the mirror, C(null) for none.
      type: str
    client:
      description: The client that this outcome is of.
      type: str
    clients:
      description: The outcome by client, each judged by the page that it gets and reads.
      type: dict
    reason:
      description: Why, in words; empty where all is the same.
      type: str
sample:
  description:
    - With O(sample), what was drawn from where (C(source), C(population), C(drawn), C(seed)), which projects the mirror
      cannot give (C(bad)), and how many percent of all may be like that at most (C(bad_percent_at_most)).
  returned: unless O(bundle=true)
  type: dict
traffic:
  description: How many C(requests) were sent, how many C(bytes) came back, and how many pages had C(not_modified).
  returned: unless O(bundle=true)
  type: dict
bundle:
  description:
    - Evidence, findings and coverage as one packed string; the filter P(sre.preflight.unbundle#filter) opens it.
  returned: with O(bundle=true)
  type: str
"""

from ansible_collections.sre.preflight.plugins.module_utils._audit.module import run_module
from ansible_collections.sre.preflight.plugins.module_utils._mirror.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import COLLECT_OPTIONS


def main() -> None:
    run_module(
        DOMAIN,
        COLLECT_OPTIONS,
        required_one_of=[("mirror_url", "replay_path")],
        mutually_exclusive=[("mirror_url", "replay_path")],
    )


if __name__ == "__main__":
    main()
