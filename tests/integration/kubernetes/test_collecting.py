# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collector makes of lists, where a real API server cannot be had so: odd objects, thousands of copies."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import urllib3

from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import objects
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.client import Client
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.collect import Collector
from tests.support.certificates import make_ca
from tests.support.scripted_http import Reply, ScriptedServer

AUTHORITY = make_ca()


def collected(answers, resources, namespaces=()):
    """What is collected from a server that has these {path: items}, and nothing else; and the paths asked for."""

    def script(request):
        path = request.path.partition("?")[0]
        if path == "/version":
            return Reply(body={"gitVersion": "v1.37.2"})
        if path not in answers:
            return Reply(404, body={"message": "not found"})
        return Reply(body={"metadata": {}, "items": answers[path]})

    with ScriptedServer(script) as server:
        api = SimpleNamespace(
            configuration=SimpleNamespace(host=server.url, auth_settings=dict),
            rest_client=SimpleNamespace(pool_manager=urllib3.PoolManager()),
        )
        options = {"timeout": 5.0, "impersonate_user": None, "impersonate_groups": []}
        collector = Collector(Client(api, options), datetime.now(UTC))
        collector.collect(list(resources), list(namespaces))
        return collector.collected, [request.path.partition("?")[0] for request in server.requests]


def config_map(namespace):
    return {
        "metadata": {"namespace": namespace, "name": "kube-root-ca.crt"},
        "data": {"ca.crt": AUTHORITY.pem.decode()},
    }


def test_a_ca_that_is_in_every_namespace_is_one_bundle_with_its_copies():
    items = [config_map(f"n{number}") for number in range(5)]
    found, _paths = collected({"/api/v1/configmaps": items}, ["configmaps"])
    (bundle,) = found.bundles
    assert (bundle["name"], bundle["copies"]) == ("n0/kube-root-ca.crt (ca.crt)", 4)
    assert [len(each.locations) for each in found.inventory.certificates.values()] == [5]


def pod(name):
    owner = {"kind": "ReplicaSet", "name": "shop-5d8f", "controller": True}
    metadata = {"namespace": "web", "name": name, "ownerReferences": [owner], "labels": {"pod-template-hash": "5d8f"}}
    return {"metadata": metadata, "spec": {"volumes": [{"secret": {"secretName": "tls"}}]}}


def test_the_pods_of_one_controller_are_one_user():
    found, _paths = collected({"/api/v1/pods": [pod(f"p{number}") for number in range(50)]}, ["pods"])
    assert found.uses == [["web", "Deployment web/shop", (("tls", ()),)]]
    assert found.sources[0]["objects"] == 50


def test_an_object_that_breaks_the_reader_hides_no_other(monkeypatch):
    read = objects.config_map_of
    broken = {"metadata": {"name": "broken", "namespace": "web"}, "data": {"secret": "staple"}}

    def keep(item):
        if item == broken:
            raise KeyError(item["data"]["secret"])
        return read(item)

    from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import collect

    resource = collect.RESOURCES["configmaps"]._replace(keep=keep)
    monkeypatch.setattr(collect, "RESOURCES", {"configmaps": resource})
    found, _paths = collected({"/api/v1/configmaps": [broken, config_map("web")]}, ["configmaps"])
    assert len(found.inventory.certificates) == 1
    (source,) = found.sources
    assert (source["status"], source["objects"]) == ("unknown", 2)
    assert source["reason"] == "1 objects could not be read: broken (KeyError)"


def test_an_older_version_of_an_api_is_asked_for_where_the_newer_is_not_served():
    older = "/apis/certificates.k8s.io/v1beta1/clustertrustbundles"
    item = {"metadata": {"name": "trust"}, "spec": {"trustBundle": AUTHORITY.pem.decode()}}
    found, paths = collected({older: [item]}, ["clustertrustbundles"])
    assert found.sources[0]["status"] == "evaluated"
    assert paths == ["/version", older.replace("v1beta1", "v1"), older]
    assert len(found.bundles) == 1


def test_what_is_not_served_at_all_is_absent():
    found, _paths = collected({}, ["podcertificaterequests"])
    assert (found.sources[0]["status"], found.sources[0]["kind"]) == ("absent", "absent")


@pytest.mark.parametrize("namespaces", [["a", "b"], ["a", "b", "a"]])
def test_each_namespace_is_asked_once_and_what_lies_in_none_as_a_whole(namespaces):
    _found, paths = collected({}, ["secrets", "apiservices"], namespaces)
    assert paths[1:] == [
        "/api/v1/namespaces/a/secrets",
        "/api/v1/namespaces/b/secrets",
        "/apis/apiregistration.k8s.io/v1/apiservices",
    ]
