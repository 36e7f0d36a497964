"""Packaging of dds_link: what is installed, and what each extra adds."""

from pathlib import Path

from setuptools import find_packages, setup

CONTROLLER = ["msgspec>=0.19", "numpy>=1.24", "tomli>=2; python_version<'3.11'"]
EXTRAS = {
    "controller": CONTROLLER,
    "fast": [*CONTROLLER, "uvloop>=0.19; sys_platform!='win32'"],
    "cli": ["rich>=13"],
    "panel": ["nicegui>=3.0,<4"],
    "ftdi": ["pyftdi>=0.54"],
    "serial": ["pyserial>=3.5"],
    "spi": ["spidev>=3.6; sys_platform=='linux'", "gpiod>=2.1; sys_platform=='linux'"],
}
# sipyco is in every ARTIQ environment and on no package registry, so "all" leaves it out.
EXTRAS["all"] = sorted({requirement for extra in EXTRAS.values() for requirement in extra})
EXTRAS["artiq"] = ["sipyco"]
EXTRAS["test"] = [
    *EXTRAS["all"],
    "pytest>=8",
    "pytest-cov>=5",
    "pytest-xdist>=3.6",
    "selenium>=4.20",
    "coverage>=7.10",
    "hypothesis>=6.100",
    "import-linter>=2.1",
    "mypy>=1.11",
    "ruff>=0.12",
    "vermin>=1.6",
]

setup(
    name="dds_link",
    version="0.1.0",
    description="ARTIQ network device support package for DDS RF sources off the core device",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="LGPL-3.0-or-later",
    # The ARTIQ half runs wherever ARTIQ does; the controller (extra "controller") needs 3.10.
    python_requires=">=3.7",
    packages=find_packages(include=["dds_link", "dds_link.*"]),
    package_data={"dds_link": ["py.typed", "panel/web/*"]},
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": [
            "aqctl_dds_link = dds_link.aqctl_dds_link:main",
            "aqcli_dds_link = dds_link.aqcli_dds_link:main",
        ],
    },
)
