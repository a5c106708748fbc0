# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded lab: what `make audit` audits when nothing else is configured. Every part is real, and on loopback.

The platform of a small package index: OpenBao issues certificates of 30 days to its pods, and is itself guarded by a
one-year certificate that nobody renewed in time, which is how the outage of 2021-04-05 began. Another of its mounts
has the backlog that kept Vault from coming back (see backlog), and the index has the fallback that installs were then
sent to (see package_index).
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .backlog import MAX_ENTRY_SIZE, MOUNT, build_backlog
from .least_privilege import policy_for, token_with
from .openbao import OpenBao
from .package_index import PYTHONS, PackageIndex, package_index
from .pki import LOCAL_NAMES, lab_ca, lab_certificate
from .pods import Pod, PodIssuer, build_kubeconfig, build_pods, write_secret
from .process import LOOPBACK, temporary_directory
from .server import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.certificates import Made

SERVER_AGE = timedelta(days=300)  # of 365: 82 %
TRUST_STORES = ("/etc/ssl/certs", "/etc/pki/tls/certs")


@dataclass(frozen=True)
class EmbeddedLab:
    """The lab while it runs. ``inventory`` is Ansible's, with the variables of the role ``audit`` for each host."""

    directory: Path
    inventory: Path
    kubeconfig: Path
    pods: tuple[Pod, ...]
    openbao: OpenBao
    authority: Made
    server_certificate: Made
    index: PackageIndex


@contextlib.contextmanager
def embedded_lab(*, announce: Callable[[str], None] = silent, policies: Sequence[str] = ()) -> Iterator[EmbeddedLab]:
    """The lab, built in a temporary directory; all of it is gone afterwards, even if we are killed.

    The controller's token has the policy of the audit, and these.
    """
    authority = lab_ca(common_name="Package index root CA")
    certificate = lab_certificate(authority, ["vault.lab.internal", *LOCAL_NAMES], age=SERVER_AGE)
    openbao = OpenBao(
        certificate=certificate, authority=authority, raft=True, max_entry_size=MAX_ENTRY_SIZE, announce=announce
    )
    with openbao, temporary_directory() as directory, package_index(directory / "fallback") as index:
        yield _furnish(directory, openbao, index, policies)


def _furnish(directory: Path, openbao: OpenBao, index: PackageIndex, policies: Sequence[str]) -> EmbeddedLab:
    """Puts everything on disk."""
    pods = build_pods(directory / "pods", PodIssuer(openbao.client, openbao.authority))
    build_backlog(openbao)
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(openbao.authority.pem)
    kubeconfig = directory / "kubeconfig"
    build_kubeconfig(kubeconfig, openbao.authority)
    controller = {
        "preflight_endpoints": [f"tls://{LOOPBACK}:{openbao.port}"],
        "preflight_ca_path": str(ca_file),
        "preflight_kubeconfigs": [str(kubeconfig)],
        "preflight_paths": [store for store in TRUST_STORES if Path(store).is_dir()][:1],
        "preflight_vault_url": openbao.url,
        "preflight_vault_ca_cert": str(ca_file),
        "preflight_vault_token": token_with(openbao, policy_for(MOUNT), *policies),
        "preflight_vault_mounts": [MOUNT],
        "preflight_mirror_url": index.mirror_url,
        "preflight_mirror_upstream_url": index.upstream_url,
        "preflight_mirror_requirements": list(index.projects),
        "preflight_mirror_pythons": list(PYTHONS),
    }
    inventory = directory / "inventory.yml"
    write_secret(inventory, yaml.safe_dump(_inventory(controller, pods), sort_keys=False).encode())
    return EmbeddedLab(
        directory=directory,
        inventory=inventory,
        kubeconfig=kubeconfig,
        pods=tuple(pods),
        openbao=openbao,
        authority=openbao.authority,
        server_certificate=openbao.certificate,
        index=index,
    )


def _inventory(controller: dict[str, Any], pods: list[Pod]) -> dict[str, Any]:
    """Pods audit their own files, the controller the machine's trust store, the kubeconfig, the endpoints and the
    index's fallback."""
    return {
        "all": {
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
            "children": {
                "controllers": {"hosts": {"localhost": controller}},
                "pods": {"hosts": {pod.host: _pod_variables(pod) for pod in pods}},
            },
        }
    }


def _pod_variables(pod: Pod) -> dict[str, Any]:
    variables: dict[str, Any] = {"preflight_paths": [str(pod.directory)]}
    if pod.password is not None:
        variables["preflight_passwords"] = [{"path": f"{pod.directory}/*.p12", "password": pod.password}]
    return variables
