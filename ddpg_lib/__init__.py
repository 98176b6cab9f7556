"""DDPG to be read and run: stacks of agents, exact optima to measure them against, and figures."""

import lazy_loader

__version__ = "0.1.0"

# A name is imported when it is first used; where it comes from says __init__.pyi.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
