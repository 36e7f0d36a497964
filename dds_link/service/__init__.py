"""The one owner of state and rules. It knows no socket, and of hardware only ``devices.base``."""
