"""Runs Python Workers under `wrangler dev` or plain `workerd` with what PyPI and npm hold."""

from local_runtime.errors import (
    CommandFailed,
    PatchSiteMissing,
    ProjectInvalid,
    RuntimeToolError,
    ServerFailed,
    ToolMissing,
    VersionMismatch,
)
from local_runtime.node import node_command, node_env, node_path, npm_ci
from local_runtime.plain import WorkerdServer
from local_runtime.project import Prepared, Project, prepare
from local_runtime.server import DevServer

__all__ = [
    "CommandFailed",
    "DevServer",
    "PatchSiteMissing",
    "Prepared",
    "Project",
    "ProjectInvalid",
    "RuntimeToolError",
    "ServerFailed",
    "ToolMissing",
    "VersionMismatch",
    "WorkerdServer",
    "node_command",
    "node_env",
    "node_path",
    "npm_ci",
    "prepare",
]
