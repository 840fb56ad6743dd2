#!/usr/bin/env python3
"""Dockerfile and docker-compose.yml fit each other and the project, as far as that shows without an engine.

The compose client's own `config` command reads the file where there is a client (it needs no engine); the
rest is checked on the text: images, users, ports, files that are mounted, packages that are installed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import yaml

SOURCE = pathlib.Path(os.environ.get("ENGAGED_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
DOCKERFILE = (SOURCE / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((SOURCE / "docker-compose.yml").read_text(encoding="utf-8"))
CONFIG = SOURCE / "examples" / "compose" / "engaged.yaml"


def compose_client():
    """The command that reads compose files on this machine, or None."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def stages():
    return re.split(r"(?m)^(?=FROM )", DOCKERFILE)[1:]


def setup_packages():
    setup = (SOURCE / "tools" / "setup").read_text(encoding="utf-8")
    return set(re.search(r"build_packages=\(([^)]*)\)", setup).group(1).split())


class Container(unittest.TestCase):
    def test_the_compose_client_accepts_the_file(self):
        client = compose_client()
        if client is None:
            self.skipTest("no compose client on this machine")
        run = subprocess.run([*client, "-f", str(SOURCE / "docker-compose.yml"), "config"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(set(yaml.safe_load(run.stdout)["services"]), {"kafka", "topic", "engaged"})

    def test_the_daemon_starts_after_its_topic_is_there(self):
        services = COMPOSE["services"]
        self.assertEqual(services["engaged"]["depends_on"]["topic"]["condition"], "service_completed_successfully")
        self.assertEqual(services["topic"]["depends_on"]["kafka"]["condition"], "service_healthy")

    def test_the_daemon_is_given_longer_to_stop_than_its_own_deadline(self):
        self.assertGreater(int(COMPOSE["services"]["engaged"]["stop_grace_period"].rstrip("s")), 30)

    def test_the_mounted_config_names_the_compose_broker_and_topic(self):
        mount = COMPOSE["services"]["engaged"]["volumes"][0].split(":")
        self.assertEqual((SOURCE / mount[0]).resolve(), CONFIG)
        config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
        self.assertIn(config["input"]["topic"], COMPOSE["services"]["topic"]["command"])
        self.assertIn(config["kafka"]["brokers"], COMPOSE["services"]["kafka"]["environment"]
                      ["KAFKA_ADVERTISED_LISTENERS"])
        address, port = config["http"]["listen"].rsplit(":", 1)
        self.assertEqual(address, "0.0.0.0")
        self.assertEqual(COMPOSE["services"]["engaged"]["ports"], [f"127.0.0.1:{port}:{port}"])
        self.assertIn(f"ENGAGED_HTTP_PORT={port}", DOCKERFILE)
        self.assertIn(mount[1], DOCKERFILE)

    @unittest.skipUnless("ENGAGED" in os.environ, "run by ctest")
    def test_the_daemon_accepts_the_mounted_config(self):
        run = subprocess.run([os.environ["ENGAGED"], "check", "--config", str(CONFIG)], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_ports_are_published_to_this_machine_alone(self):
        for name, service in COMPOSE["services"].items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")

    def test_both_stages_are_debian_13(self):
        self.assertEqual([stage.split()[1] for stage in stages()], ["debian:trixie", "debian:trixie-slim"])

    def test_the_image_runs_as_a_user_without_rights(self):
        user = re.findall(r"(?m)^USER (\S+)", stages()[-1])
        self.assertEqual(user, ["engaged"])
        self.assertIn("useradd --system", stages()[-1])

    def test_the_image_knows_how_to_ask_for_its_health(self):
        final = stages()[-1]
        self.assertRegex(final, r"HEALTHCHECK[^\n]*\\\n\s+CMD curl -fsS .*/healthz")
        self.assertRegex(final, r"install -y --no-install-recommends [^\n]*\bcurl\b")

    def test_the_build_stage_installs_packages_that_the_setup_knows(self):
        installed = set(re.findall(r"\blib[a-z0-9-]+-dev\b|\bcmake\b|\bninja-build\b|\bpkgconf\b",
                                   re.search(r"(?s)install -y.*?&& rm", stages()[0]).group(0)))
        self.assertEqual(installed - setup_packages() - {"librdkafka-dev"}, set())
        libraries = {package for package in setup_packages() if package.startswith(("lib", "zlib"))}
        self.assertEqual({package for package in libraries if package not in stages()[0]}, set())


if __name__ == "__main__":
    unittest.main()
