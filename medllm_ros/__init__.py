"""The voice of a hospital medication-delivery robot.

The rooms and the arrows between them are described in ``docs/architecture.md``.
"""

from pkgutil import extend_path

# The generated msg, srv and action exist in the install tree alone: a source tree that comes first on the path finds
# them there.
__path__ = extend_path(__path__, __name__)
