"""Groups of options: a command takes one object for options that belong together.

::

    @dataclass(frozen=True)
    class RunOptions:
        engine: Annotated[str, typer.Option(help="...")] = "auto"


    @app.command("diagnose")
    @with_option_groups
    def diagnose(*, ct: Path, run: RunOptions) -> None: ...
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["with_option_groups"]


def with_option_groups(
    command: Callable[..., None] | None = None, /, **made: type[Any]
) -> Callable[..., Any]:
    """Give a command an option for each field of its parameters whose type is a dataclass.

    The fields are annotated as parameters of a command are. Their defaults are those of the
    parameter's default, if it has one, and otherwise those of the dataclass.

    Parameters
    ----------
    command
        The command.
    **made
        Dataclasses of parameters that were made by a program, which annotations cannot name.
    """
    if command is None:
        return functools.partial(with_option_groups, **made)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    types = get_type_hints(command, include_extras=True)
    for parameter in inspect.signature(command).parameters.values():
        kind = made.get(parameter.name, types[parameter.name])
        if is_dataclass(kind):
            groups[parameter.name] = kind
            parameters += _options(kind, parameter.default)
        else:
            parameters.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=kind)
            )

    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options(group: Any, given: Any) -> Iterator[inspect.Parameter]:
    for field in fields(group):
        default = field.default if given is inspect.Parameter.empty else getattr(given, field.name)
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if default is MISSING else default,
            annotation=_types(group)[field.name],
        )


@functools.cache  # slow, and every command waits for it
def _types(group: Any) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)
