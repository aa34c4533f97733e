"""The chart as helm renders it and as Kubernetes would read it."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from bellbuoy.config.load import load
from bellbuoy.monitor.version import VERSION

pytestmark = [pytest.mark.helm, pytest.mark.needs("helm")]
ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "helm"
GOLDEN = ROOT / "tests/golden/helm"
DEFAULT = CHART / "ci/default-values.yaml"
BAD = sorted((ROOT / "tests/helm/bad").glob("*.yaml"))


def pod(objects, values, *more):
    return objects(values, *more)["StatefulSet"]["spec"]["template"]["spec"]


def test_helm_lint_is_content(helm, values):
    done = helm("lint", "--strict", str(CHART), "-f", str(values))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


@pytest.mark.golden
def test_the_rendered_chart_is_the_one_that_was_read(render, values):
    golden = GOLDEN / f"{values.name.removesuffix('-values.yaml')}.yaml"
    text = render(values)
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.needs("kubernetes-validate")
@pytest.mark.parametrize("version", ["1.29.0", "1.31.0", "1.34.0", "1.37.0"])
def test_kubernetes_accepts_every_object(render, kubernetes_validate, values, version, tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text(render(values))
    done = kubernetes_validate(file, version)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("kubernetes-validate")
def test_the_check_itself_finds_a_misspelt_field(render, kubernetes_validate, tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text(render(DEFAULT).replace("fsGroupChangePolicy", "fsGroupChangePolicies"))
    assert kubernetes_validate(file, "1.34.0").returncode == 1


@pytest.mark.parametrize("bad", BAD, ids=lambda path: path.stem)
def test_a_bad_value_is_refused_with_its_sentence(helm, bad):
    sentence = bad.read_text().splitlines()[0].removeprefix("# says: ")
    done = helm("template", "t", str(CHART), "-f", str(DEFAULT), "-f", str(bad))
    assert done.returncode != 0
    told = [line.strip().removeprefix("- ").split("1:4): ")[-1] for line in done.stderr.splitlines()]
    assert sentence in told, done.stderr


def test_the_defaults_alone_ask_for_the_token(helm):
    done = helm("template", "t", str(CHART))
    assert done.returncode != 0
    assert "name it in server.existingSecret" in done.stderr


def test_every_pod_keeps_to_the_restricted_profile(objects, values):
    """The list of Kubernetes' Pod Security Standards, and a read-only root beyond it."""
    spec = pod(objects, values)
    general = spec["securityContext"]
    assert general["runAsNonRoot"] is True
    assert general["runAsUser"] > 0
    assert general["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert spec["automountServiceAccountToken"] is False
    allowed = {"configMap", "emptyDir", "projected", "persistentVolumeClaim"}
    assert all(set(volume) - {"name"} <= allowed for volume in spec["volumes"])
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own["readOnlyRootFilesystem"] is True
        assert "privileged" not in own
        assert all("hostPort" not in port for port in container["ports"])


def test_temporary_files_are_bounded(objects, values):
    temporary = next(each for each in pod(objects, values)["volumes"] if each["name"] == "temporary")
    assert temporary["emptyDir"]["sizeLimit"]


def test_a_slow_start_is_waited_for_and_the_drain_has_its_time(objects, values):
    spec = pod(objects, values)
    (container,) = spec["containers"]
    start = container["startupProbe"]
    assert start["httpGet"]["path"] == "/startupz"
    assert start["periodSeconds"] * start["failureThreshold"] >= 120
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["livenessProbe"]["periodSeconds"] * container["livenessProbe"]["failureThreshold"] >= 60
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert spec["terminationGracePeriodSeconds"] > 45
    assert "lifecycle" not in container


def test_a_changed_configuration_restarts_the_pod(objects):
    def checksum(*more):
        template = objects(DEFAULT, *more)["StatefulSet"]["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum()
    assert checksum() != checksum("--set", "config.store.memory_limit=512MiB")


def secret_files(objects, values):
    """Return the files of a pod's secrets, each with the Secret and the key that it comes from."""
    volume = next(each for each in pod(objects, values)["volumes"] if each["name"] == "secrets")
    return {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }


def test_secrets_are_files_and_nothing_else(objects):
    values = CHART / "ci/existing-secret-values.yaml"
    assert "Secret" not in objects(values)
    assert secret_files(objects, values) == {
        "server_token": ("bellbuoy-web", "password"),
        "slack_bot_token": ("bellbuoy-slack", "bot_token"),
        "slack_app_token": ("bellbuoy-slack", "app_token"),
        "kafka_password": ("bellbuoy-kafka", "password"),
        "hook_secret": ("bellbuoy-hook", "secret"),
    }
    mounts = pod(objects, DEFAULT)["containers"][0]["volumeMounts"]
    assert not [mount for mount in mounts if "subPath" in mount]


def test_all_three_secrets_of_a_slack_app_are_files(objects):
    files = secret_files(objects, CHART / "ci/everything-values.yaml")
    assert {name: found for name, found in files.items() if name.startswith("slack")} == {
        "slack_bot_token": ("bellbuoy-slack", "bot"),
        "slack_app_token": ("bellbuoy-slack", "app"),
        "slack_signing_secret": ("bellbuoy-slack", "signing"),
    }


def test_the_volume_is_the_chart_s_the_user_s_or_none(objects):
    own = objects(DEFAULT)["StatefulSet"]["spec"]
    (claim,) = own["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert own["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    given = objects(CHART / "ci/existing-claim-values.yaml")["StatefulSet"]["spec"]
    assert "volumeClaimTemplates" not in given
    assert {"name": "store", "persistentVolumeClaim": {"claimName": "bellbuoy-store"}} in given["template"]["spec"][
        "volumes"
    ]
    none = objects(CHART / "ci/no-persistence-values.yaml")["StatefulSet"]["spec"]
    assert "volumeClaimTemplates" not in none
    assert {"name": "store", "emptyDir": {}} in none["template"]["spec"]["volumes"]


def test_the_notes_warn_where_everything_is_lost_with_the_pod(helm):
    def notes(name):
        values = str(CHART / f"ci/{name}-values.yaml")
        return helm("install", "t", str(CHART), "-n", "prod", "-f", values, "--dry-run=client").stdout

    assert "WARNING: persistence is off." in notes("no-persistence")
    assert "WARNING" not in notes("default")


def test_everything_values_set_every_value(objects):
    """Each top-level value is used by some file of ci/; the sizes that a reader may write all mean the same."""
    used = {key for path in (CHART / "ci").glob("*.yaml") for key in yaml.safe_load(path.read_text())}
    unset = {"replicaCount", "nameOverride"}  # the one has a single value, the other is hidden by fullnameOverride
    assert set(yaml.safe_load((CHART / "values.yaml").read_text())) == used | unset
    for size in ("1GiB", "1024MiB", "1048576KiB", "${MEMORY:-1GiB}"):
        assert objects(
            DEFAULT, "--set-string", f"config.store.memory_limit={size}", "--set", "resources.limits.memory=1792Mi"
        )


def test_the_schema_leaves_no_door_open():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) == {*values, "global"}
    assert schema["additionalProperties"] is False
    for name, value in values.items():
        part = schema["properties"][name]
        if isinstance(value, dict) and value and name != "config":
            assert part["additionalProperties"] is False, name
            assert set(value) <= set(part["properties"]), name


def test_the_rendered_configuration_is_a_valid_one(objects, values, tmp_path):
    found = objects(values)
    if "ConfigMap" not in found or "bellbuoy.yaml" not in found["ConfigMap"]["data"]:
        found = objects(values, "--set", "existingConfigMap=,extraObjects=null")
    accepted(found["ConfigMap"]["data"]["bellbuoy.yaml"], tmp_path)


def accepted(text, room):
    """Load a configuration as the daemon in the pod would, its secrets in a folder of ours."""
    for name in set(re.findall(r"/run/secrets/bellbuoy/(\w+)", text)):
        (room / name).write_text("made-up")
    file = room / "bellbuoy.yaml"
    file.write_text(text.replace("/run/secrets/bellbuoy", str(room)))
    return load(file)


@pytest.mark.docs
def test_the_values_in_the_documents_are_accepted(objects, tmp_path):
    text = (ROOT / "docs/operations.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    file = tmp_path / "values.yaml"
    file.write_text(block)
    found = objects(file, "--set", "server.existingSecret=bellbuoy-web")
    config = accepted(found["ConfigMap"]["data"]["bellbuoy.yaml"], tmp_path)
    assert set(config.sinks) == {"reliability", "out"}


def test_the_chart_holds_the_configuration_s_own_schema():
    chart = json.loads((CHART / "values.schema.json").read_text())
    config = json.loads((ROOT / "config/schema.json").read_text())
    assert chart["$defs"] == config["$defs"]
    assert chart["properties"]["config"]["properties"] == config["properties"]


def test_the_chart_s_appversion_is_the_product_s():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == VERSION
    assert "dependencies" not in chart
