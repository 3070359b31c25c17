"""How surely each line of a module is reached, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from tfinfra.compiler.project import Sure

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SWALLOWS = ("suppress", "raises", "assertRaises", "assertRaisesRegex")
_LEAVES = ("sys.exit", "exit", "quit", "os._exit", "_exit", "os.abort")
Reached = tuple[ast.AST, Sure]


@lru_cache(maxsize=128)
def reached(tree: ast.Module, *, as_program: bool, called: frozenset[str] = frozenset()) -> Sequence[Reached]:
    """Every node with how surely it is reached. A function of the module is reached as surely as its surest call by its
    plain name, or by `app.run(main)`; those that are `called` by another module for certain, are for certain."""
    return _Walk(tree, as_program).all(called)


def reached_statements(tree: ast.Module) -> Sequence[Reached]:
    """The statements alone, of an imported module. Which functions are called is not looked for: a function's may be
    reached more surely than is said here. Takes a tenth of the time."""
    return _Walk(tree, as_program=False, expressions=False).all()


class _Walk:
    """One walk over a module. `found` has the nodes in no order that means anything."""

    def __init__(self, tree: ast.Module, as_program: bool, *, expressions: bool = True) -> None:
        self._as_program = as_program
        self._looks_inside = expressions
        self._tree = tree
        self._functions = {node.name: node for node in tree.body if isinstance(node, _Function)}
        self._waiting: list[_Function] = []
        self._called: set[str] = set()
        self._found: list[Reached] = [(tree, Sure.ALWAYS)]

    def all(self, called: Iterable[str] = ()) -> list[Reached]:
        self._block(self._tree.body, Sure.ALWAYS)
        self._surely_called(called)
        while self._waiting:
            self._block(self._waiting.pop().body, Sure.ALWAYS)
        for name, function in self._functions.items():
            if name not in self._called:
                self._block(function.body, Sure.LATER)
        return self._found

    def _block(self, statements: Sequence[ast.stmt], sure: Sure) -> None:
        for one in statements:
            self._statement(one, sure)
            if isinstance(one, (ast.Return, ast.Raise)) or _ends(one):
                sure = Sure.GUARDED  # what follows never comes
            elif sure is Sure.ALWAYS and self._looks_inside and _may_return(one):
                sure = Sure.LATER  # what follows a `return` or an exit under a condition may never come

    def _statement(self, node: ast.stmt, sure: Sure) -> None:
        self._found.append((node, sure))
        if isinstance(node, _NESTED):
            self._definition(node, sure)
        elif isinstance(node, (ast.If, ast.While)):
            self._conditions(node, sure)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._expressions([node.iter, node.target], sure)
            self._block([*node.body, *node.orelse], Sure.GUARDED)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self._expressions((e for one in node.items for e in (one.context_expr, one.optional_vars) if e), sure)
            swallows = any(_called_name(one.context_expr).rpartition(".")[2] in _SWALLOWS for one in node.items)
            self._block(node.body, Sure.GUARDED if swallows else sure)
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self._try(node, sure)
        elif isinstance(node, ast.Match):
            self._expressions([node.subject], sure)
            self._block([one for case in node.cases for one in case.body], Sure.GUARDED)
        elif isinstance(node, ast.Assert):
            self._expressions([node.test], sure)
            self._expressions([node.msg] if node.msg else [], Sure.GUARDED)
        elif self._looks_inside:
            self._expressions(_expressions_of(node), sure)

    def _conditions(self, node: ast.If | ast.While, sure: Sure) -> None:
        """One after the other: each `elif` is an `if` in the `else` of the one before, and there may be hundreds."""
        while True:
            self._expressions([node.test], sure)
            is_main = self._as_program and isinstance(node, ast.If) and _asks_for_main(node.test)
            self._block(node.body, sure if is_main else Sure.GUARDED)
            sure, rest = Sure.GUARDED, node.orelse
            if len(rest) != 1 or not isinstance(rest[0], ast.If):
                self._block(rest, sure)
                return
            node = rest[0]
            self._found.append((node, sure))

    def _try(self, node: ast.stmt, sure: Sure) -> None:
        handlers: list[ast.ExceptHandler] = getattr(node, "handlers", [])
        guarded = any(not _gives_up(one) for one in handlers)
        self._block(getattr(node, "body", []), Sure.GUARDED if guarded else sure)
        self._block([one for handler in handlers for one in handler.body], Sure.GUARDED)
        self._block(getattr(node, "orelse", []), Sure.GUARDED if handlers else sure)
        self._block(getattr(node, "finalbody", []), sure)

    def _definition(self, node: _Function | ast.ClassDef, sure: Sure) -> None:
        if isinstance(node, ast.ClassDef):
            self._expressions([*node.decorator_list, *node.bases, *(one.value for one in node.keywords)], sure)
            self._block(node.body, sure)
            return
        defaults = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        self._expressions([*node.decorator_list, *defaults], sure)
        parameters = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
        annotations = [node.returns, *(one.annotation for one in parameters if one)]
        self._expressions((one for one in annotations if one), Sure.GUARDED)
        if self._functions.get(node.name) is not node:
            self._block(node.body, min(sure, Sure.LATER))

    def _expressions(self, nodes: Iterable[ast.AST], sure: Sure) -> None:
        waiting = [(node, sure) for node in nodes] if self._looks_inside else []
        while waiting:
            node, sure = waiting.pop()
            self._found.append((node, sure))
            if isinstance(node, ast.Call) and sure is Sure.ALWAYS:
                self._call(node)
            if isinstance(node, ast.Lambda):
                sure = min(sure, Sure.LATER)
            elif isinstance(node, (ast.IfExp, ast.BoolOp)):
                sure = Sure.GUARDED
            waiting += [(inner, sure) for inner in ast.iter_child_nodes(node)]

    def _call(self, node: ast.Call) -> None:
        name = _called_name(node)
        names = [name]
        if name.endswith("app.run") or name == "run":
            given = [*node.args, *(one.value for one in node.keywords)]
            names = [one.id for one in given if isinstance(one, ast.Name)] or ["main"]
        self._surely_called(names)

    def _surely_called(self, names: Iterable[str]) -> None:
        for one in names:
            function = self._functions.get(one)
            if function is not None and one not in self._called and not _is_generator(function):
                self._called.add(one)
                self._waiting.append(function)


_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _ends(node: ast.AST) -> bool:
    """Whether it is a call that ends the script: absl's and TensorFlow's `app.run` exits when main has returned."""
    name = _called_name(node.value) if isinstance(node, ast.Expr) else ""
    return name in _LEAVES or f".{name}".endswith(".app.run")


def _may_return(node: ast.stmt) -> bool:
    """A handler that exits does so when something is wrong."""
    returns = any(isinstance(inner, ast.Return) for inner in _run_with(node))
    return returns or any(_exits(inner) for inner in _run_with(node, but=(ast.ExceptHandler,)))


def _exits(node: ast.AST) -> bool:
    """Whether it ends the script without a failure, perhaps: any other `raise` says that something is wrong."""
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "SystemExit"
    return _ends(node) or (isinstance(node, ast.Call) and _called_name(node) in _LEAVES)


def _is_generator(function: _Function) -> bool:
    """A call of it runs nothing of its body."""
    return any(isinstance(one, (ast.Yield, ast.YieldFrom)) for part in function.body for one in _run_with(part))


def _run_with(node: ast.AST, but: tuple[type[ast.AST], ...] = ()) -> Iterator[ast.AST]:
    """It and all in it that may run when it does: what functions in it do is left out, and what is one of `but`."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, (*_NESTED, ast.Lambda, *but)):
            yield one
            waiting += ast.iter_child_nodes(one)


def _expressions_of(node: ast.stmt) -> list[ast.AST]:
    """The parts of a statement that has no block of its own; an annotation is not evaluated everywhere."""
    if isinstance(node, ast.AnnAssign):
        return [one for one in (node.target, node.value) if one]
    return list(ast.iter_child_nodes(node))


def _gives_up(handler: ast.ExceptHandler) -> bool:
    """Whether it ends the script, by whatever it says before."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) or (isinstance(last, ast.Expr) and _called_name(last.value) in _LEAVES)


def _called_name(node: ast.expr) -> str:
    """The dotted name, as written, of the function that a call calls; "" for anything else."""
    parts: list[str] = []
    function = node.func if isinstance(node, ast.Call) else None
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join([function.id, *reversed(parts)]) if isinstance(function, ast.Name) else ""


def _asks_for_main(test: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"`."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, *test.comparators)
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    return names == ["__name__"] and any(isinstance(s, ast.Constant) and s.value == "__main__" for s in sides)
