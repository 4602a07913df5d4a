"""Values and tables that few programs need: loaded when one of their names is first used."""

__all__: list[str] = []
