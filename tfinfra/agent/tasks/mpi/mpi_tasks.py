"""Runs this node's ranks: on node 0 mpirun, on the others the prted that mpirun asks for, and a status for each."""

from __future__ import annotations

import logging
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.memory_kills import MemoryKills
from tfinfra.agent.node.processes import Command, Process, die_with_parent
from tfinfra.agent.tasks.mpi import mpirun_command
from tfinfra.agent.tasks.mpi.inbox import Inbox, Post, Spool
from tfinfra.agent.tasks.mpi.ranks import Rank
from tfinfra.backends.statuses import ending, how_ended
from tfinfra.model import TaskStatus
from tfinfra.store import ObjectStore
from tfinfra.system.clock import Clock

LAUNCHER_LOG = "mpirun-0"
_log = logging.getLogger(__name__)


class MpiTasks:
    """NodeTasks for the mpi backend. `pause`: seconds between two looks into the store's inbox."""

    def __init__(self, assignment: Assignment, store: ObjectStore, clock: Clock, pause: float) -> None:
        self._assignment = assignment
        self._pause = pause
        self._clock = clock
        self._ranks = [Rank(task, assignment.paths.ranks, clock) for task in assignment.tasks]
        post = Post(store, assignment.given.key)
        self._inbox = Inbox(
            post, assignment.node, clock, lambda c: mpirun_command.prted_command(assignment.inventory, c)
        )
        self._spool = Spool(post, assignment.paths.spool, mpirun_command.host_names(assignment.inventory))
        self._mpirun: Process | None = None
        self._prted: Command | None = None
        self._stopping = False
        self._memory = MemoryKills()

    def start(self) -> None:
        assignment, paths = self._assignment, self._assignment.paths
        for name in ("rank.sh", "remote_shell.sh"):  # executable copies: a bundle may be mounted without that right
            script = paths.state / name
            shutil.copyfile(Path(__file__).with_name(name), script)
            script.chmod(0o755)
        variables = mpirun_command.launcher_variables(assignment, die_with_parent())
        own = mpirun_command.prted_variables(assignment.inventory, assignment.node)
        # prted says nothing but what is wrong with it: that belongs to the agent's log
        self._prted = Command(["sh", "-c"], paths.state, {**variables, **own}, paths.agent_log)
        if assignment.node == 0:
            (paths.state / "hostfile").write_text(
                mpirun_command.hostfile(assignment.plan, assignment.inventory), "utf-8"
            )
            shell = str(paths.state / "remote_shell.sh")
            argv = mpirun_command.mpirun(assignment, root=os.geteuid() == 0, shell=shell)
            self._mpirun = Process(Command(argv, paths.state, variables, assignment.log(LAUNCHER_LOG)))
            _log.info("started mpirun as process %d", self._mpirun.pid)

    def poll(self) -> list[TaskStatus]:
        if self._mpirun:
            self._spool.poll()
        if self._prted and not self._stopping:
            self._inbox.poll(self._prted, self._pause)
        launched = self._mpirun_runs() if self._mpirun else self._inbox.running()
        changed = [rank for rank in self._ranks if rank.poll(stopping=self._stopping, launched=launched)]
        return [self._explained(rank) for rank in changed]

    def _explained(self, rank: Rank) -> TaskStatus:
        """The rank's status; where its launcher was killed, that is why: ranks die with their parent. An mpirun that is
        sent SIGTERM or SIGINT kills its ranks and ends with 1, without a word (tried with Open MPI 5.0)."""
        if self._stopping or not (rank.status.state == "failed" or rank.status.cut_off):
            return rank.status
        rank.status = replace(rank.status, out_of_memory=self._memory.any())
        if rank.status.out_of_memory and not rank.status.cut_off:
            rank.status = replace(rank.status, message=ending(rank.status))
        name, number = ("mpirun", self._mpirun.term_signal()) if self._mpirun else ("prted", self._inbox.term_signal())
        who = f"{name} on node {self._assignment.node}"
        if number is not None:
            rank.status = replace(
                rank.status, message=f"{who} {how_ended(128 + number)}, and {rank.status.task} with it"
            )
        elif rank.status.cut_off and self._mpirun and self._mpirun.poll() == 1:
            what = "ended with exit status 1, as it does when it is sent SIGTERM, and ended"
            rank.status = replace(rank.status, message=f"{who} {what} {rank.status.task}")
        return rank.status

    def signal(self, number: signal.Signals) -> None:
        """TERM goes to the ranks alone: mpirun would give them half a second. KILL ends everything."""
        self._stopping = True
        for rank in self._ranks:
            rank.signal(number)
        if number is signal.SIGKILL or not any(rank.running() for rank in self._ranks):
            self._inbox.signal(number)
            if self._mpirun:
                self._mpirun.signal(number)

    def running(self) -> bool:
        return any(rank.running() for rank in self._ranks) or self._inbox.running() or self._mpirun_runs()

    def launcher_exit(self) -> int | None:
        return self._mpirun.poll() if self._mpirun else None

    def _mpirun_runs(self) -> bool:
        return self._mpirun is not None and self._mpirun.poll() is None
