# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach a cluster: the options by the names that kubernetes.core gave them, and what the environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from .._audit.policy import OptionError
from .._http.library import urllib3
from .library import kubernetes

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},  # a path
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
    "proxy": {"type": "str", "no_log": True},  # may hold a password
    "no_proxy": {"type": "str"},
    "timeout": {"type": "float", "default": 30},
}
"""The options that say whom to ask, as whom and how."""

ENVIRONMENT: Mapping[str, str] = {
    "kubeconfig": "K8S_AUTH_KUBECONFIG",
    "context": "K8S_AUTH_CONTEXT",
    "host": "K8S_AUTH_HOST",
    "api_key": "K8S_AUTH_API_KEY",
    "ca_cert": "K8S_AUTH_SSL_CA_CERT",
    "client_cert": "K8S_AUTH_CERT_FILE",
    "client_key": "K8S_AUTH_KEY_FILE",
    "validate_certs": "K8S_AUTH_VERIFY_SSL",
    "impersonate_user": "K8S_AUTH_IMPERSONATE_USER",
    "impersonate_groups": "K8S_AUTH_IMPERSONATE_GROUPS",
    "proxy": "K8S_AUTH_PROXY",
    "no_proxy": "K8S_AUTH_NO_PROXY",
}
IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
"""Kubernetes sets it in every pod."""
_BOOLEANS = {**dict.fromkeys(("yes", "true", "on", "1"), True), **dict.fromkeys(("no", "false", "off", "0"), False)}
_FILES = ("kubeconfig", "ca_cert", "client_cert", "client_key")


def options_of(params: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The options' values: as given, or as the environment has them. Raises OptionError on one that is no good."""
    found: dict[str, Any] = {}
    for option in CONNECTION_OPTIONS:
        given = params.get(option)
        if given is None and option in ENVIRONMENT:
            given = environment.get(ENVIRONMENT[option]) or None
        found[option] = given
    found["validate_certs"] = _boolean("validate_certs", found["validate_certs"])
    groups = found["impersonate_groups"]
    found["impersonate_groups"] = groups.split(",") if isinstance(groups, str) else (groups or [])
    if found["timeout"] is None or not 0 < found["timeout"] <= 86400:
        raise OptionError.of("timeout", found["timeout"], "is out of range; give seconds, above 0 and up to 86400")
    if found["client_key"] and not found["client_cert"]:
        raise OptionError("client_cert: is missing; client_key is given")
    if found["impersonate_groups"] and not found["impersonate_user"]:
        raise OptionError("impersonate_user: is missing; impersonate_groups needs it")
    for option in _FILES:
        _check_file(option, found[option])
    return found


def configuration_of(options: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """The client's Configuration. The options go before what the kubeconfig says. Raises OptionError.

    Without a host, a kubeconfig and a context it is that of the pod that this runs in.
    """
    configuration = kubernetes.client.Configuration()
    if options["host"]:
        configuration.host = _checked_host(options["host"])
    elif options["kubeconfig"] or options["context"]:
        _load_kubeconfig(configuration, options)
    elif environment.get(IN_CLUSTER):
        _load("in-cluster", IN_CLUSTER, lambda: kubernetes.config.load_incluster_config(configuration))
    else:
        raise OptionError(
            "kubeconfig: is missing; give it, or a context of the default one, or a host, or run in a pod"
        )
    if options["api_key"]:
        configuration.refresh_api_key_hook = None  # it would put the kubeconfig's own back
        configuration.api_key = {"BearerToken": f"Bearer {options['api_key']}"}
    attributes = {"ca_cert": "ssl_ca_cert", "client_cert": "cert_file", "client_key": "key_file", "proxy": "proxy"}
    attributes.update(validate_certs="verify_ssl", no_proxy="no_proxy")
    for option, attribute in attributes.items():
        if options[option] is not None:
            setattr(configuration, attribute, options[option])
    configuration.retries = False  # ours are told
    _take_login_of_proxy(configuration)
    return configuration


def _take_login_of_proxy(configuration: Any) -> None:
    """The client leaves a login in the proxy's URL unused."""
    parts = urlsplit(configuration.proxy or "")
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=login)
        configuration.proxy = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _load_kubeconfig(configuration: Any, options: Mapping[str, Any]) -> None:
    def load() -> None:
        kubernetes.config.load_kube_config(
            config_file=options["kubeconfig"],
            context=options["context"],
            client_configuration=configuration,
            persist_config=False,
        )

    option = "kubeconfig" if options["kubeconfig"] else "context"
    _load(option, options[option], load)
    if not configuration.host or configuration.host == "http://localhost":
        raise OptionError.of(option, options[option], "names no server; name one in its cluster")


def _load(option: str, value: Any, load: Any) -> None:
    try:
        load()
    except kubernetes.config.ConfigException as error:
        raise OptionError.of(option, value, f"cannot be used: {' '.join(str(error).split())}") from None
    except Exception as error:  # noqa: BLE001 - YAML's and the login programs' own: they may quote the file
        raise OptionError.of(option, value, f"cannot be used: {type(error).__name__}") from None


def _check_file(option: str, path: str | None) -> None:
    """The client would only say "No such file or directory" when it connects."""
    # kubeconfig may be several, as in KUBECONFIG.
    paths = path.split(os.pathsep) if path and option == "kubeconfig" else [path]
    for each in paths:
        if each and not os.access(each, os.R_OK):
            raise OptionError.of(option, each, "cannot be read, or is not there")


def _checked_host(host: str) -> str:
    try:
        parts = urlsplit(host)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        shown = "..." + host[host.rindex("@") :] if "@" in host else host
        raise OptionError.of(
            "host", shown, "is no address of a server; write it as https://kubernetes.example.com:6443"
        )
    return host.rstrip("/")


def _boolean(option: str, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _BOOLEANS:
        raise OptionError.of(option, value, "is neither true nor false")
    return _BOOLEANS[text]
