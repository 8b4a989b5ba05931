#!/usr/bin/env python3
"""What ``CDK_DOCKER`` names in the tests: podman, with a registry on this machine in the place of ECR.

CDK calls it as it calls docker: login, inspect, build, tag, push, images. ECR's host is replaced in every word, login
and push are told that the registry has no TLS, build is given what this machine needs; all else goes to podman as it
came. Each call is written down as it came, a JSON array to a line; CDK gives the password on standard input.
"""

import json
import os
import re
import shlex
import sys

ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")
WITHOUT_TLS = ("--tls-verify=false",)

REGISTRY = "TEST_REGISTRY"
"""Variable: host and port of the registry."""

BUILD_FLAGS = "TEST_BUILD_FLAGS"
"""Variable: flags of ``podman build``, quoted as a shell needs them."""

CALLS = "TEST_DOCKER_CALLS"
"""Variable: file to which calls are added."""


def main() -> None:
    """Writes the call down and becomes podman."""
    verb, *words = sys.argv[1:]
    with open(os.environ[CALLS], "a", encoding="utf-8") as calls:
        print(json.dumps([verb, *words]), file=calls)
    flags = {"login": WITHOUT_TLS, "push": WITHOUT_TLS, "build": shlex.split(os.environ[BUILD_FLAGS])}.get(verb, ())
    os.execvp("podman", ["podman", verb, *flags, *(ECR.sub(os.environ[REGISTRY], word) for word in words)])


if __name__ == "__main__":
    main()
