"""Check and measure lungrt on a machine with a GPU that has no network.

`__main__` is the command line. `preparation` fills a folder to copy there, with `binaries`
(builds), `packed_ct` (a CT that fits) and `reference` (the CPU's results). There, `plan` says what
is done and `runner` does it, each of the `steps` in a process of its own (`job`), and `records`
keeps what they find. `table` turns the records into the tables of the documentation.
"""
