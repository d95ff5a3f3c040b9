"""Options, the administrator's policy, users' settings, API keys and entry points: what is set from outside.

Read where the server, the terminal and IPython begin; everything below takes plain arguments.
"""
